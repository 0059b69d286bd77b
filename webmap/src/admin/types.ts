export interface Grant {
  id: string
  role: string
  /** Code of the area; '' is the whole installation. */
  area: string
  area_name: string
  level: string
  expires_at: string | null
  granted_by: string
  granted_at: string
}

export interface Account {
  id: string
  login: string
  name: string
  kind: 'person' | 'machine'
  roles: Grant[]
  disabled: boolean
  locked_until: string | null
  second_factor: boolean
  single_sign_on: boolean
  demo: boolean
  created_at: string
  last_login_at: string | null
  version: number
}

export interface LoginSession {
  id: string
  created_at: string
  seen_at: string
  ends_at: string
  address: string
  agent: string
}

export interface Token {
  id: string
  name: string
  hint: string
  scopes: string[]
  created_by: string
  created_at: string
  expires_at: string
  used_at: string | null
  used_from: string | null
  revoked_at: string | null
}

export interface Role {
  role: string
  actions: string[]
  administrator: boolean
}

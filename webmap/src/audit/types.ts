export interface Entry {
  id: string
  at: string
  login: string
  via: string
  address: string
  request: string
  action: string
  object: string
  areas: string[]
  outcome: 'done' | 'refused'
  reason: string
  before: unknown
  after: unknown
}

export interface ChainState {
  entries: number
  head: string
  head_at: string | null
  verified_at: string | null
  broken: null | { found: number; findings: { seq: number; id: string; at: string | null; problem: string }[] }
}

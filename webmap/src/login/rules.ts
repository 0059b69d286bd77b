/**
 * What the page itself can tell of a new password, before the server is asked. The server knows more: common passwords, former
 * ones, and a city's own rules; it has the last word.
 */
export interface Rule {
  key: 'length' | 'login' | 'different'
  met: boolean
}

/** Characters of a password, as the server counts them by default. */
export const MIN_LENGTH = 12

export function rulesOf(password: string, login: string, current: string): Rule[] {
  const lower = password.toLowerCase()
  return [
    { key: 'length', met: [...password].length >= MIN_LENGTH },
    { key: 'login', met: password !== '' && !(login.length > 2 && lower.includes(login.toLowerCase())) },
    { key: 'different', met: password !== '' && password !== current },
  ]
}

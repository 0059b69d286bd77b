import { ApiError } from '../api/client.ts'
import { texts } from './texts.ts'

/*
 * What the page itself can tell of a new password before the server is asked. The server knows more (common passwords, former
 * ones, the city's own length) and has the last word; these are its defaults.
 */

const MIN_LENGTH = 12
/** Characters from which on a password needs no mixture. */
const PASSPHRASE = 20
const WANTED_KINDS = 3
const KINDS = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u]

export interface Rule {
  met: boolean
  text: string
}

export function rulesOf(password: string, repeat: string, login: string, current: string): Rule[] {
  const { t } = texts
  const normal = password.normalize('NFKC')
  const length = [...normal].length
  const kinds = KINDS.filter((kind) => kind.test(normal)).length
  const typed = password !== ''
  return [
    { met: length >= MIN_LENGTH, text: t('password.ruleLength', { count: MIN_LENGTH }) },
    { met: length >= PASSPHRASE || kinds >= WANTED_KINDS, text: t('password.ruleKinds', { count: PASSPHRASE }) },
    {
      met: typed && !(login.length > 2 && normal.toLowerCase().includes(login.toLowerCase())),
      text: t('password.ruleLogin'),
    },
    { met: typed && password !== current, text: t('password.ruleDifferent') },
    { met: typed && password === repeat, text: t('password.ruleRepeat') },
  ]
}

/** A reason of the server's in the words of the page; the server's own where it is new to the page. */
export function reason(message: string): string {
  const { t } = texts
  const [, needs] = /^it has \d+ characters, and needs (\d+)$/.exec(message) ?? []
  if (needs) return t('password.ruleLength', { count: needs })
  const [, most] = /^it has \d+ characters, and may have (\d+)$/.exec(message) ?? []
  if (most) return t('password.tooLong', { count: most })
  const [, passphrase] = /^it needs \d+ of these: .* or (\d+) characters of any kind$/.exec(message) ?? []
  if (passphrase) return t('password.ruleKinds', { count: passphrase })
  if (message === 'it contains the login') return t('password.ruleLogin')
  if (message.startsWith('it is easy to guess')) return t('password.guessable')
  if (/\b(last|former|used|earlier)\b/.test(message)) return t('password.used')
  return message
}

/** Why the password or the second factor cannot be touched, in the words of the page where it knows them. */
export function refusal(error: unknown): string {
  const { t } = texts
  if (!(error instanceof ApiError)) return String(error)
  if (error.code === 'wrong_credentials') return t('password.wrongCurrent')
  if (error.code === 'conflict' && /demo account/.test(error.message)) return t('password.demo')
  if (error.code === 'conflict' && /single sign-on/.test(error.message)) return t('password.elsewhere')
  return error.message
}

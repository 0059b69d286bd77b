import { textsOf } from '../../i18n/texts.ts'
import { en } from './en.ts'
import { zh } from './zh.ts'

export const { t, word } = textsOf(zh, en)
/** Codes of what can be done, for the list to choose from. */
export const DEEDS = Object.keys(zh).flatMap((key) => (key.startsWith('deed.') ? [key.slice('deed.'.length)] : []))

import { textsOf } from '../../i18n/texts.ts'
import { en } from './en.ts'
import { zh } from './zh.ts'

export const { t, word } = textsOf(zh, en)

import { ref, watchEffect } from 'vue'
import { en } from './en.ts'
import { zh } from './zh.ts'

export type Lang = 'zh-CN' | 'en'
export const LANGS: readonly { lang: Lang; name: string }[] = [
  { lang: 'zh-CN', name: '中文' },
  { lang: 'en', name: 'English' },
]

export type Key = keyof typeof zh
type ParameterOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never
type Arguments<K extends Key> = [ParameterOf<(typeof zh)[K]>] extends [never]
  ? []
  : [parameters: Record<ParameterOf<(typeof zh)[K]>, string | number>]

const texts: Record<Lang, Record<Key, string>> = { 'zh-CN': zh, en }

const STORED = 'jingwei.lang'

export const isLang = (word: unknown): word is Lang => word === 'zh-CN' || word === 'en'

function storedLang(): Lang {
  try {
    const stored = localStorage.getItem(STORED)
    if (isLang(stored)) return stored
  } catch {
    // A browser that forbids storage only forgets the choice.
  }
  return 'zh-CN'
}

export const lang = ref<Lang>(storedLang())

watchEffect(() => {
  document.documentElement.lang = lang.value
})

/** Takes the language and remembers it for the next visit. */
export function chooseLang(chosen: Lang) {
  lang.value = chosen
  try {
    localStorage.setItem(STORED, chosen)
  } catch {
    // As in storedLang.
  }
}

/** The text of a key in the present language. A missing key or parameter does not compile. */
export function t<K extends Key>(key: K, ...[parameters]: Arguments<K>): string {
  const text = texts[lang.value][key]
  if (!parameters) return text
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String((parameters as Record<string, string | number>)[name]))
}

type Group = 'channel' | 'status' | 'kind' | 'level' | 'tier' | 'role' | 'roleDoes' | 'problem'

/** The text of a word that the server sent, such as channel + resident; the word itself where it is new to this page. */
export function word(group: Group, value: string, language: Lang = lang.value): string {
  const key = `${group}.${value}`
  return key in zh ? texts[language][key as Key] : value
}

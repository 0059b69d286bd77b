import { type Lang, lang } from './index.ts'

type ParameterOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never
type Arguments<Text extends string> = [ParameterOf<Text>] extends [never]
  ? []
  : [parameters: Record<ParameterOf<Text>, string | number>]

/**
 * The texts of one page, which no other page has to load. `zh` must be `as const`: its parameters are checked where a text is used, and
 * English must have the same keys.
 */
export function textsOf<Zh extends Record<string, string>>(zh: Zh, en: Record<keyof Zh, string>) {
  const texts: Record<Lang, Record<keyof Zh, string>> = { 'zh-CN': zh, en }

  /** The text of a key in the present language. A missing key or parameter does not compile. */
  function t<K extends keyof Zh>(key: K, ...[parameters]: Arguments<Zh[K]>): string {
    const text = texts[lang.value][key]
    if (!parameters) return text
    return text.replace(/\{(\w+)\}/g, (_, name: string) =>
      String((parameters as Record<string, string | number>)[name]),
    )
  }

  /** The text of a word that the server sent, such as right + area.read; the word itself where it is new to this page. */
  function word(group: string, value: string): string {
    const key = `${group}.${value}`
    return Object.hasOwn(zh, key) ? texts[lang.value][key as keyof Zh] : value
  }

  return { t, word }
}

import { computed, type Ref } from 'vue'
import type { Item } from '../../api/types.ts'
import { lang } from '../../i18n/index.ts'

export interface ItemField {
  /** Its Chinese name, which tells fields apart. */
  key: string
  name: string
  items: { value: string; name: string }[]
}

/** The catalogue by field, in its order and the present language. */
export function useFields(items: Readonly<Ref<readonly Item[] | null>>): Readonly<Ref<ItemField[]>> {
  return computed(() => {
    const english = lang.value === 'en'
    const fields = new Map<string, ItemField>()
    for (const item of items.value ?? []) {
      const field = fields.get(item.field) ?? {
        key: item.field,
        name: english ? item.field_en : item.field,
        items: [],
      }
      field.items.push({ value: item.code, name: english ? item.name_en : item.name })
      fields.set(item.field, field)
    }
    return [...fields.values()]
  })
}

import { onBeforeUnmount, reactive } from 'vue'
import { chooseLang, lang } from '../../i18n/index.ts'
import { formatHash, type PageState, parseHash } from '../url.ts'

/**
 * The state that the address carries. A selection is a step that the back button undoes; a move of the map is not.
 */
export function usePage(onReturn: () => void) {
  const page = reactive<PageState>({ view: null, pin: null, area: null, incident: null, lang: null })
  Object.assign(page, parseHash(location.hash))
  if (page.lang) chooseLang(page.lang)

  function change(changes: Partial<PageState>, step: boolean) {
    Object.assign(page, changes)
    const hash = formatHash({ ...page, lang: lang.value })
    if (hash === location.hash) return
    if (step) history.pushState(null, '', hash)
    else history.replaceState(null, '', hash)
  }

  function readAddress() {
    const { view, ...rest } = parseHash(location.hash)
    // A link without a place leaves the map where it is.
    Object.assign(page, rest, view ? { view } : {})
    if (rest.lang) chooseLang(rest.lang)
    onReturn()
  }

  addEventListener('popstate', readAddress)
  onBeforeUnmount(() => removeEventListener('popstate', readAddress))

  return { page, change }
}

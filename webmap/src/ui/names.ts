import { shallowReactive } from 'vue'
import { api } from '../api/client.ts'

const TOGETHER = 4

/** Names of areas by code: incidents carry codes only. Unknown ones are fetched once, a few at a time. */
export function useNames() {
  const names = shallowReactive(new Map<string, string>())
  const pending = shallowReactive(new Set<string>())
  const queue: string[] = []
  let running = 0
  let generation = 0

  function learn(areas: Iterable<{ code: string; name: string }>) {
    for (const { code, name } of areas) names.set(code, name)
  }

  function want(codes: Iterable<string | undefined>) {
    for (const code of codes) {
      if (!code || names.has(code) || pending.has(code)) continue
      pending.add(code)
      queue.push(code)
    }
    while (running < TOGETHER && queue.length > 0) void next()
  }

  async function next() {
    const code = queue.shift()
    if (!code) return
    const mine = generation
    running++
    try {
      const { properties } = await api.area(code)
      if (mine === generation) names.set(code, properties.name)
    } catch {
      // The code itself is shown; whoever wants the name again makes another attempt.
    }
    pending.delete(code)
    running--
    if (queue.length > 0) void next()
  }

  /** Forgets everything: a new edition may have renamed areas. */
  function forget() {
    generation++
    queue.length = 0
    pending.clear()
    names.clear()
  }

  /** '' while it is on its way, the code where it cannot be had. */
  const nameOf = (code: string) => names.get(code) ?? (pending.has(code) ? '' : code)

  return { learn, want, forget, nameOf }
}

export type Names = ReturnType<typeof useNames>

/** One value of a thing before and after; undefined where it was not there. */
export interface Difference {
  /** Names from the outside in, with dots between. */
  path: string
  before: string | undefined
  after: string | undefined
  kind: 'added' | 'removed' | 'changed' | 'same'
}

/** What a change did, value by value: objects are taken apart, lists are one value. What changed comes first. */
export function differences(before: unknown, after: unknown): Difference[] {
  const old = valuesOf(before)
  const now = valuesOf(after)
  const all = [...new Set([...old.keys(), ...now.keys()])].map((path): Difference => {
    const was = old.get(path)
    const is = now.get(path)
    const kind = was === undefined ? 'added' : is === undefined ? 'removed' : was === is ? 'same' : 'changed'
    return { path, before: was, after: is, kind }
  })
  return [...all.filter(({ kind }) => kind !== 'same'), ...all.filter(({ kind }) => kind === 'same')]
}

function valuesOf(value: unknown): Map<string, string> {
  const values = new Map<string, string>()
  const walk = (path: string, part: unknown) => {
    if (
      typeof part === 'object' &&
      part !== null &&
      !Array.isArray(part) &&
      (path === '' || Object.keys(part).length > 0)
    ) {
      for (const [name, inner] of Object.entries(part)) walk(path ? `${path}.${name}` : name, inner)
    } else if (part !== undefined) values.set(path, typeof part === 'string' ? part : JSON.stringify(part))
  }
  if (value !== null && value !== undefined) walk('', value)
  return values
}

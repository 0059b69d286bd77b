/** Names longer than this stand on two lines. */
const LINE_LENGTH = 7

/** A long name on two lines of nearly equal length; at a space where it has one. */
export function splitName(name: string): string[] {
  if (name.length <= LINE_LENGTH) return [name]
  const half = name.length / 2
  const spaces = [...name.matchAll(/\s+/g)].map((match) => match.index)
  if (spaces.length > 0) {
    const at = spaces.reduce((best, each) => (Math.abs(each - half) < Math.abs(best - half) ? each : best))
    return name.length > 2 * LINE_LENGTH ? [name.slice(0, at), name.slice(at).trimStart()] : [name]
  }
  const chinese = /^[\u3400-\u9fff0-9()（）]+$/.test(name)
  if (!chinese) return [name]
  const at = Math.ceil(half)
  return [name.slice(0, at), name.slice(at)]
}

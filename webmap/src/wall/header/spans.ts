/** Hours as a person writes them: 7–9, 18. `hours` rise. An hour ends where the next begins, so 7–9 ends at 10:00. */
export function spansOf(hours: readonly number[]): string {
  const spans: [from: number, to: number][] = []
  for (const hour of hours) {
    const last = spans.at(-1)
    if (last && last[1] === hour - 1) last[1] = hour
    else spans.push([hour, hour])
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ')
}

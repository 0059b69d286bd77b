/* What the panels say of figures: differences, ranks, likelihoods. Only numbers here; the words are the dictionary's. */

export interface Difference {
  way: 'more' | 'less' | 'same'
  /** How many more or fewer; not negative. */
  by: number
  /** The same as a share of before; null where there was nothing before. */
  share: number | null
}

export function difference(now: number, before: number): Difference {
  const by = Math.abs(now - before)
  const way = now > before ? 'more' : now < before ? 'less' : 'same'
  return { way, by, share: before > 0 ? by / before : null }
}

export interface Rank {
  /** From 1; equal counts share the better one. */
  place: number
  /** Places gained (negative: lost) against the counts before; null where those are not known. */
  gained: number | null
}

/** Ranks of rows by their counts, in the order of the rows. O(n log n). */
export function ranks(rows: readonly { count: number; before?: number }[]): Rank[] {
  const now = placesOf(rows.map(({ count }) => count))
  const known = rows.every(({ before }) => before !== undefined)
  const before = known ? placesOf(rows.map((row) => row.before ?? 0)) : null
  return now.map((place, i) => ({ place, gained: before ? (before[i] ?? place) - place : null }))
}

function placesOf(counts: readonly number[]): number[] {
  const falling = [...counts].sort((a, b) => b - a)
  const first = new Map<number, number>()
  falling.forEach((count, i) => {
    if (!first.has(count)) first.set(count, i + 1)
  })
  return counts.map((count) => first.get(count) ?? counts.length)
}

/** Denominators that a likelihood is said in. */
const PARTS = [1_000, 10_000, 100_000, 1_000_000] as const

export interface Likelihood {
  /** 1 to 9 of so many parts; 0 says less than one of them. */
  of: number
  parts: (typeof PARTS)[number]
}

/** A small probability as a person says it: 0.0004 is 4 of 10,000. */
export function likelihood(p: number): Likelihood {
  for (const parts of PARTS) {
    const of = Math.round(p * parts)
    if (of >= 1) return { of: Math.min(of, 9), parts }
  }
  return { of: 0, parts: 1_000_000 }
}

/** A probability as one in so many: two significant digits, such as 2,500. */
export function oneIn(p: number): number {
  return Number((1 / p).toPrecision(2))
}

/** A share of a whole in whole per cent; 100 only when it is all. */
export function percentDone({ done, total }: { done: number; total: number }): number {
  if (total <= 0 || done >= total) return 100
  return Math.min(99, Math.floor((done / total) * 100))
}

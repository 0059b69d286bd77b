/* Colours of counts on the dark map. */

/**
 * From the fewest to the most: lightness grows from step to step, so that the order is seen without seeing colours. Red is left for what
 * demands action.
 */
export const HEAT = ['#1c4a63', '#1d6578', '#258384', '#46a18a', '#81bd8d', '#c2d795', '#fbf3b0'] as const

const BRIGHTEST = HEAT.length - 2

/** Two periods compared: from far fewer to far more than before, none in the middle. */
export const DIFFERENCE = ['#7fb6ff', '#4b82c9', '#2d527f', '#2a3947', '#7d5a26', '#c28a2f', '#ffc453'] as const

/** The colour of a class of `count` classes, spread over the ramp but for its brightest: whole areas of it would blind. */
export function heatColor(index: number, count: number): string {
  const at = count <= 1 ? BRIGHTEST : Math.round((index / (count - 1)) * BRIGHTEST)
  return HEAT[Math.max(0, Math.min(BRIGHTEST, at))] as string
}

/** The class of a count above 0: the first whose upper end is not below it. `ends` rises. */
export function classOf(count: number, ends: readonly number[]): number {
  const found = ends.findIndex((end) => count <= end)
  return found < 0 ? ends.length - 1 : found
}

/**
 * Upper ends of at most `most` classes with about as many counts in each; equal counts are in one class. Counts of 0 are left out.
 */
export function quantiles(counts: Iterable<number>, most: number): number[] {
  const sorted = [...counts].filter((count) => count > 0).sort((a, b) => a - b)
  const ends: number[] = []
  for (let i = 1; i <= most && sorted.length > 0; i++) {
    const end = sorted[Math.ceil((i / most) * sorted.length) - 1] as number
    if (end !== ends.at(-1)) ends.push(end)
  }
  return ends
}

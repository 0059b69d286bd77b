import { LEVELS, type Level } from '../../map/tiles/decode.ts'

export interface PickedArea {
  code: string
  name: string
  level: Level
}

/** An area that was chosen, and what it lies in: from the county down, the chosen one last. */
export type Picked = readonly [PickedArea, ...PickedArea[]]

export const chosenOf = (picked: Picked): PickedArea => picked.at(-1) ?? picked[0]

/** The area of a chain at a level or, where the place is not divided that far, the finest above it. */
export function upTo(chain: readonly PickedArea[], level: Level): Picked | null {
  const finest = LEVELS.indexOf(level)
  const [first, ...rest] = chain.filter((area) => LEVELS.indexOf(area.level) <= finest)
  return first ? [first, ...rest] : null
}

/** What a click chooses: the area at the level or, where that one is chosen already, the one below it that owns the place. */
export function pick(chain: readonly PickedArea[], level: Level, before: Picked | null): Picked | null {
  const found = upTo(chain, level)
  if (!found || !before || chosenOf(found).code !== chosenOf(before).code) return found
  const below = chain[found.length]
  return below ? [...found, below] : found
}

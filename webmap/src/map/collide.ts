/** A box that wants a place on the screen: its centre and size in pixels. */
export interface Box {
  x: number
  y: number
  width: number
  height: number
}

const CELL = 64

/**
 * Chooses the boxes that can stand without touching another by more than nothing: first come, first served, so the caller sorts
 * by importance. Boxes are compared only within buckets of 64 px: the cost grows with their number, not its square.
 */
export function place<T extends Box>(boxes: Iterable<T>): T[] {
  const buckets = new Map<string, T[]>()
  const placed: T[] = []
  for (const box of boxes) {
    const keys = bucketsOf(box)
    if (keys.some((key) => buckets.get(key)?.some((other) => overlaps(box, other)))) continue
    placed.push(box)
    for (const key of keys) {
      const bucket = buckets.get(key)
      if (bucket) bucket.push(box)
      else buckets.set(key, [box])
    }
  }
  return placed
}

export function overlaps(a: Box, b: Box): boolean {
  return Math.abs(a.x - b.x) * 2 < a.width + b.width && Math.abs(a.y - b.y) * 2 < a.height + b.height
}

function bucketsOf(box: Box): string[] {
  const keys: string[] = []
  const right = Math.floor((box.x + box.width / 2) / CELL)
  const bottom = Math.floor((box.y + box.height / 2) / CELL)
  for (let i = Math.floor((box.x - box.width / 2) / CELL); i <= right; i++) {
    for (let j = Math.floor((box.y - box.height / 2) / CELL); j <= bottom; j++) keys.push(`${i},${j}`)
  }
  return keys
}

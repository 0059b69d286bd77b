/** A list with one of its members moved by so many places, at most to its ends; the list itself stays as it is. */
export function movedBy<T>(list: readonly T[], index: number, by: number): T[] {
  const moved = [...list]
  const taken = moved.splice(index, 1)
  moved.splice(Math.max(0, Math.min(list.length - 1, index + by)), 0, ...taken)
  return moved
}

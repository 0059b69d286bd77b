/** What the server says every 3 s, in our own clock where it is a length of time: the two clocks may differ. */
export interface Beat {
  /** For how long the server has not heard of new events; null while it does. */
  awayMs: number | null
  /** When the session of a wall ends by itself; null where that is not soon. */
  endsAt: number | null
}

/** Reads the data of a beat; null where they are none. */
export function readBeat(data: string): Beat | null {
  let said: { at?: unknown; flowing?: unknown; since?: unknown; ends_at?: unknown }
  try {
    said = JSON.parse(data)
  } catch {
    return null
  }
  if (typeof said?.flowing !== 'boolean') return null
  const away = time(said.at) - time(said.since)
  const endsAt = time(said.ends_at)
  return {
    awayMs: said.flowing ? null : Math.max(0, away || 0),
    endsAt: Number.isNaN(endsAt) ? null : endsAt,
  }
}

const time = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : Number.NaN)

import { describe, expect, it } from 'vitest'
import { readBeat } from './beat.ts'

describe('a beat', () => {
  it('says that events flow', () => {
    expect(readBeat('{"at":"2026-07-01T08:00:00.5Z","flowing":true}')).toEqual({ awayMs: null, endsAt: null })
  })

  it('says for how long they do not, by the clock of the server alone', () => {
    const data = '{"at":"2026-07-01T08:00:07.5Z","flowing":false,"since":"2026-07-01T08:00:00Z"}'
    expect(readBeat(data)).toEqual({ awayMs: 7500, endsAt: null })
    expect(readBeat('{"at":"2026-07-01T08:00:00Z","flowing":false,"since":"2026-07-01T08:00:01Z"}')?.awayMs).toBe(0)
    expect(readBeat('{"at":"2026-07-01T08:00:00Z","flowing":false}')?.awayMs).toBe(0)
  })

  it('says when the session of a wall ends', () => {
    const ends = '2026-07-01T16:00:00Z'
    expect(readBeat(`{"at":"2026-07-01T08:00:00Z","flowing":true,"ends_at":"${ends}"}`)?.endsAt).toBe(Date.parse(ends))
    expect(readBeat('{"flowing":true,"ends_at":"soon"}')?.endsAt).toBeNull()
  })

  it('is nothing else', () => {
    for (const data of ['', '{', 'null', '[]', '{}', '{"flowing":1}', '"flowing"']) expect(readBeat(data)).toBeNull()
  })
})

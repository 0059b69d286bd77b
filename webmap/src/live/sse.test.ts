import { describe, expect, it } from 'vitest'
import { SseParser } from './sse.ts'

const stream =
  ': hello\n\nid: 7\nevent: incident.created\ndata: {"a":\ndata: 1}\n\ndata:plain\r\n\r\nevent: empty\n\nid\ndata: x\n\n'
const events = [
  { id: '7', name: 'incident.created', data: '{"a":\n1}' },
  { id: '7', name: 'message', data: 'plain' },
  { id: '', name: 'message', data: 'x' },
]

describe('SseParser', () => {
  it('reads fields, comments, several data lines and every line end', () => {
    expect(new SseParser().push(stream)).toEqual(events)
  })

  it('gives the same events wherever the pieces are cut', () => {
    for (let size = 1; size < 12; size++) {
      const parser = new SseParser()
      const got = []
      for (let i = 0; i < stream.length; i += size) got.push(...parser.push(stream.slice(i, i + size)))
      expect(got).toEqual(events)
    }
  })

  it('moves on by an id alone, once its block is complete', () => {
    const parser = new SseParser()
    expect(parser.push('id: 7\ndata: x\n\nid: 9\n')).toHaveLength(1)
    expect(parser.lastId).toBe('7')
    expect(parser.push('\n: \n\n')).toEqual([])
    expect(parser.lastId).toBe('9')
  })

  it('keeps an unfinished event to itself', () => {
    expect(new SseParser().push('data: half\n')).toEqual([])
  })
})

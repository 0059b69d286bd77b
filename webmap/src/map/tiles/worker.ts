/* Fetches and decodes tiles beside the page, so that neither holds up a pan. */
import { buffersOf, decodeTile, type Tile } from './decode.ts'

export type TileRequest =
  | {
      kind: 'load'
      key: string
      url: string
      headers: Readonly<Record<string, string>>
      z: number
      x: number
      y: number
    }
  | { kind: 'abort'; key: string }
export type TileAnswer = { key: string; tile: Tile | null } | { key: string; error: string }

const underway = new Map<string, AbortController>()
const answer = (message: TileAnswer, transfer: ArrayBufferLike[] = []) =>
  postMessage(message, { transfer: transfer as ArrayBuffer[] })

addEventListener('message', (event: MessageEvent<TileRequest>) => {
  const request = event.data
  if (request.kind === 'abort') {
    underway.get(request.key)?.abort()
    underway.delete(request.key)
    return
  }
  void load(request)
})

async function load({ key, url, headers, z, x, y }: Extract<TileRequest, { kind: 'load' }>) {
  const abort = new AbortController()
  underway.set(key, abort)
  try {
    const response = await fetch(url, { headers, signal: abort.signal })
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
    const bytes = await response.arrayBuffer()
    const tile = bytes.byteLength > 0 ? decodeTile(bytes, z, x, y) : null
    answer({ key, tile }, tile ? buffersOf(tile) : [])
  } catch (error) {
    // An aborted request was forgotten by the page; the same key may already be under way again.
    if (!abort.signal.aborted) answer({ key, error: error instanceof Error ? error.message : String(error) })
  }
  if (underway.get(key) === abort) underway.delete(key)
}

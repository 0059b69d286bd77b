import { headersAlone } from '../../api/unattended.ts'
import type { Tile } from './decode.ts'
import { type Paths, pathsOf } from './paths.ts'
import type { TileAnswer, TileRequest } from './worker.ts'

/** The part of TileJSON 3 that the map needs. */
export interface TileJson {
  tiles: string[]
  minzoom: number
  maxzoom: number
  /** West, south, east, north in degrees. */
  bounds?: number[]
}

export interface LoadedTile extends Tile {
  paths: Paths
}

/** One user's hold on a tile. Null is a tile with nothing in it. */
export interface TileUse {
  tile: Promise<LoadedTile | null>
  /** To be called once. The fetch is aborted when its last user releases it. */
  release(): void
}

interface Entry {
  /** Which of the addresses that were turned to it comes from. */
  turn: number
  users: number
  loaded: boolean
  tile: Promise<LoadedTile | null>
  resolve(tile: LoadedTile | null): void
  reject(error: Error): void
}

/** Tiles kept after the last user has left, so that a pan back costs nothing. */
const KEPT = 96

/** Thrown to who waits for a tile that nobody wants any more. */
export class TileAborted extends Error {}

/**
 * The tiles of one TileJSON. Many drawn tiles may use one source tile (overzoom): it is fetched once.
 */
export class TileSource {
  private readonly entries = new Map<string, Entry>()
  private readonly unused = new Set<string>()
  private readonly worker: Worker
  private turns = 0

  constructor(
    private described: TileJson,
    /** What a tile of a zoom is asked beside its address, such as &resolution=8. */
    private readonly more: (z: number) => string = () => '',
  ) {
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'jingwei-tiles' })
    this.worker.onmessage = (event: MessageEvent<TileAnswer>) => this.receive(event.data)
  }

  get json(): TileJson {
    return this.described
  }

  /** Takes another address for the same places. Who holds a tile keeps it; whoever uses one from now on gets the new. */
  turnTo(json: TileJson) {
    this.described = json
    this.turns++
    for (const key of this.unused) this.entries.delete(key)
    this.unused.clear()
  }

  use(z: number, x: number, y: number): TileUse {
    const key = `${this.turns}/${z}/${x}/${y}`
    let entry = this.entries.get(key)
    if (!entry) {
      entry = newEntry(this.turns)
      this.entries.set(key, entry)
      this.post({ kind: 'load', key, url: this.urlOf(z, x, y), headers: headersAlone(), z, x, y })
    }
    const held = entry
    held.users++
    this.unused.delete(key)
    return {
      tile: held.tile,
      release: () => {
        held.users--
        if (held.users === 0 && this.entries.get(key) === held) this.leave(key, held)
      },
    }
  }

  destroy() {
    this.worker.terminate()
    for (const entry of this.entries.values()) entry.reject(new TileAborted())
    this.entries.clear()
    this.unused.clear()
  }

  private leave(key: string, entry: Entry) {
    if (!entry.loaded) {
      this.entries.delete(key)
      this.post({ kind: 'abort', key })
      entry.reject(new TileAborted())
      return
    }
    if (entry.turn !== this.turns) {
      this.entries.delete(key)
      return
    }
    this.unused.add(key)
    for (const oldest of this.unused) {
      if (this.unused.size <= KEPT) break
      this.unused.delete(oldest)
      this.entries.delete(oldest)
    }
  }

  private urlOf(z: number, x: number, y: number): string {
    const template = this.json.tiles[(x + y) % this.json.tiles.length] ?? ''
    const path = template.replace('{z}', `${z}`).replace('{x}', `${x}`).replace('{y}', `${y}`)
    // Behind a proxy the server may not know the origin that the page came from, and the page may ask no other.
    const { pathname, search } = new URL(path, location.href)
    return location.origin + pathname + search + this.more(z)
  }

  private post(request: TileRequest) {
    this.worker.postMessage(request)
  }

  private receive(answer: TileAnswer) {
    const entry = this.entries.get(answer.key)
    if (!entry || entry.loaded) return
    if ('error' in answer) {
      this.entries.delete(answer.key)
      entry.reject(new Error(answer.error))
      return
    }
    entry.loaded = true
    entry.resolve(answer.tile && { ...answer.tile, paths: pathsOf(answer.tile) })
  }
}

function newEntry(turn: number): Entry {
  const settle = {} as Pick<Entry, 'resolve' | 'reject'>
  const tile = new Promise<LoadedTile | null>((resolve, reject) => {
    settle.resolve = resolve
    settle.reject = reject
  })
  // Whoever uses the tile handles its failure; without a user left it is nobody's.
  tile.catch(() => {})
  return { turn, users: 0, loaded: false, tile, ...settle }
}

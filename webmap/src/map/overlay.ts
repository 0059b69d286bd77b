import type { TileFill } from './area-layer.ts'
import type { Coords } from './leaflet.ts'
import type { Painter } from './viewport-canvas.ts'

/** A place that has a count, or one incident of it. */
export type Counted =
  | {
      kind: 'cell'
      cell: string
      count: number
      before: number | null
      /** West, south, east, north in degrees. */
      box: [number, number, number, number]
    }
  | { kind: 'cluster'; count: number; lon: number; lat: number }
  | { kind: 'point'; id: string; item: string; lon: number; lat: number }

/** What an overlay may ask of its map. */
export interface OverlayHost {
  /** Paints a tile, or all, again: what fills it has changed. */
  refill(canvas?: HTMLCanvasElement): void
  /** Draws what lies above the tiles again. */
  redraw(): void
  zoom(): number
}

/** What a page lays on the areas beside what every map shows: on each tile below its borders, and over the whole view below the labels. */
export interface Overlay extends TileFill, Painter {
  attach(host: OverlayHost): void
  /** A tile is going to be drawn, or is gone. */
  tileStarted(canvas: HTMLCanvasElement, coords: Coords): void
  tileGone(canvas: HTMLCanvasElement): void
  /** What is drawn at a place (degrees). */
  find(lon: number, lat: number): Counted | null
  destroy(): void
}

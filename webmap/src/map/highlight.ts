import type { AreaLayer } from './area-layer.ts'
import type { Pen } from './sheet.ts'
import type { Theme } from './style.ts'
import { LEVELS, type Level } from './tiles/decode.ts'
import type { LoadedTile } from './tiles/source.ts'
import type { Painter, Viewport } from './viewport-canvas.ts'

/** Marks the hovered and the selected area above the tiles, from the tiles' own paths: no tile is fetched or painted again. */
export class Highlight implements Painter {
  private hovered: string | null = null
  private selected: readonly string[] = []
  private readonly indexes = new WeakMap<LoadedTile, Map<string, { level: Level; index: number }>>()

  constructor(
    private readonly theme: Theme,
    private readonly areas: () => AreaLayer,
    private readonly changed: () => void,
  ) {}

  get empty() {
    return this.hovered === null && this.selected.length === 0
  }

  hover(code: string | null) {
    if (this.hovered === code) return
    this.hovered = code
    this.changed()
  }

  /** Marks the first of these areas that the present zoom shows. */
  select(codes: readonly string[]) {
    this.selected = codes
    this.changed()
  }

  draw(ctx: Pen, viewport: Viewport) {
    const { hovered } = this
    const tiles = [...this.areas().shown()]
    const selected = this.selected.find((code) => tiles.some(({ source }) => this.index(source).has(code)))
    if (selected) this.fill(ctx, viewport, selected, this.theme.selectFill, 2.6)
    if (hovered && hovered !== selected) this.fill(ctx, viewport, hovered, this.theme.hoverFill, 1.4)
  }

  private fill(ctx: Pen, { toCanvas, ui }: Viewport, code: string, color: string, width: number) {
    for (const { source, extent, left, top, x, y, z } of this.areas().shown()) {
      const found = this.index(source).get(code)
      const path = found && source.paths.area(found.level, found.index)
      if (!path) continue
      const tiles = 2 ** (z - 1)
      const from = toCanvas({ x: x / tiles, y: y / tiles })
      const to = toCanvas({ x: (x + 1) / tiles, y: (y + 1) / tiles })
      const scale = (to.x - from.x) / extent
      ctx.save()
      // Each tile shows its own part; without the clip the parts would overlap in the tiles' buffers.
      ctx.beginPath()
      const corner = { x: Math.round(from.x), y: Math.round(from.y) }
      ctx.rect(corner.x, corner.y, Math.round(to.x) - corner.x, Math.round(to.y) - corner.y)
      ctx.clip()
      ctx.translate(from.x - left * scale, from.y - top * scale)
      ctx.scale(scale, scale)
      ctx.fillStyle = color
      ctx.fill(path)
      ctx.strokeStyle = this.theme.select
      ctx.lineWidth = (width * ui) / scale
      ctx.lineJoin = 'round'
      ctx.stroke(path)
      ctx.restore()
    }
  }

  private index(tile: LoadedTile) {
    let index = this.indexes.get(tile)
    if (!index) {
      index = new Map()
      for (const level of LEVELS) {
        tile.areas[level]?.codes.forEach((code, i) => {
          index?.set(code, { level, index: i })
        })
      }
      this.indexes.set(tile, index)
    }
    return index
  }
}

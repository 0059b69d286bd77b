import * as L from './leaflet.ts'
import 'leaflet/dist/leaflet.css'
import './pin.css'
import { AreaLayer, type FoundArea } from './area-layer.ts'
import { Highlight } from './highlight.ts'
import { type IncidentMark, Incidents } from './incidents.ts'
import { Labels } from './labels.ts'
import type { Counted, Overlay } from './overlay.ts'
import { Pulses } from './pulses.ts'
import { LIGHT, type Theme } from './style.ts'
import type { Level } from './tiles/decode.ts'
import { type TileJson, TileSource } from './tiles/source.ts'
import { ViewportCanvas } from './viewport-canvas.ts'
import { toWorld } from './world.ts'

export const MAX_ZOOM = 19

/** Degrees: west, south, east, north. */
export type Box = [number, number, number, number]

export interface View {
  lon: number
  lat: number
  zoom: number
}

/** A thing under the pointer. x and y are CSS pixels from the map's top left. */
export type Hover =
  | { kind: 'area'; area: FoundArea; x: number; y: number }
  | { kind: 'incident'; id: string; x: number; y: number }

export interface MapEvents {
  /** A click on something of the overlay. */
  onCounted?(counted: Counted): void
  /** What of the overlay is under the pointer; x and y are CSS pixels from the map's top left. */
  onHoverCounted?(counted: Counted | null, x: number, y: number): void
  /** A click or Enter on bare map. */
  onPick(lon: number, lat: number): void
  onIncident(id: string): void
  onHover(hover: Hover | null): void
  /** After each move: where the map is, and what it shows. */
  onMove(view: View, box: Box, metresPerPixel: number): void
  /** How many of the tiles in view could not be loaded. */
  onTileFailures(count: number): void
  /** Whether tiles are on their way. */
  onLoading(loading: boolean): void
  /** The levels whose borders the view shows, from the widest. */
  onLevels(levels: Level[]): void
}

/** Room that panels cover, in CSS pixels, so that what is flown to is not hidden behind them. */
export interface Insets {
  top: number
  right: number
  bottom: number
  left: number
}

/** What one page adds to the map of Leaflet's own parts. */
export interface MapPart {
  join(map: L.Map): void
}

/**
 * The Leaflet map with our layers on it. The pages talk to it in degrees and codes and never see Leaflet. Its objects
 * must not become reactive: wrap it in markRaw or keep it in a shallowRef.
 */
export class AreaMap {
  private readonly map: L.Map
  private areas: AreaLayer
  private readonly highlight: Highlight
  private readonly pulses: Pulses
  private readonly incidents: Incidents
  private readonly labels: Labels
  /** What changes often and is seldom there, under what is always there. */
  private readonly marks: ViewportCanvas
  private readonly contents: ViewportCanvas
  private pin: L.Marker | null = null
  private hoverFrame = 0
  private readonly failed = new Set<string>()
  private readonly resized: ResizeObserver
  private insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 }
  private finest: Level = 'micro'

  constructor(
    container: HTMLElement,
    json: TileJson,
    private readonly events: MapEvents,
    private readonly theme: Theme = LIGHT,
    private readonly overlay: Overlay | null = null,
  ) {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    this.map = L.map(container, {
      attributionControl: false,
      zoomControl: false,
      fadeAnimation: false,
      zoomAnimation: !calm,
      minZoom: json.minzoom + 1,
      maxZoom: MAX_ZOOM,
      // Half zooms let a county fill a phone; buttons and keys still take whole steps.
      zoomSnap: 0.5,
      wheelPxPerZoomLevel: 90,
      keyboardPanDelta: 120,
    })
    for (const [name, zIndex] of [
      ['marks', 350],
      ['contents', 410],
      ['pulses', 420],
    ] as const) {
      const pane = this.map.createPane(name)
      pane.style.zIndex = `${zIndex}`
      pane.style.pointerEvents = 'none'
    }
    this.areas = this.newAreas(json)
    const shown = () => this.areas
    this.highlight = new Highlight(theme, shown, () => this.marks.invalidate())
    this.pulses = new Pulses(this.map, 'pulses')
    this.marks = new ViewportCanvas('marks', [this.highlight])
    this.incidents = new Incidents(theme, () => this.contents.invalidate())
    this.labels = new Labels(theme, shown, () => this.contents.invalidate())
    this.contents = new ViewportCanvas('contents', [...(overlay ? [overlay] : []), this.incidents, this.labels])
    overlay?.attach({
      refill: (canvas) => this.areas.refill(canvas),
      redraw: () => this.contents.invalidate(),
      zoom: () => this.map.getZoom(),
    })
    // A canvas can be drawn only on a map that has a place.
    this.map.whenReady(() => {
      for (const layer of [this.areas, this.marks, this.contents]) layer.addTo(this.map)
    })
    this.listen(container)
    this.resized = new ResizeObserver(() => {
      this.map.invalidateSize({ pan: false })
      this.areas.repaint()
    })
    this.resized.observe(container)
  }

  destroy() {
    cancelAnimationFrame(this.hoverFrame)
    this.resized.disconnect()
    this.pulses.clear()
    this.map.remove()
    this.areas.source.destroy()
    this.overlay?.destroy()
  }

  setInsets(insets: Insets) {
    this.insets = insets
  }

  setView({ lon, lat, zoom }: View) {
    this.map.setView([lat, lon], zoom, { animate: false })
  }

  /** Flies to a view; at once where animations are not wanted. */
  travel({ lon, lat, zoom }: View) {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) this.setView({ lon, lat, zoom })
    else this.map.flyTo([lat, lon], zoom, { duration: 1.2 })
  }

  view(): View {
    const { lng, lat } = this.map.getCenter()
    return { lon: lng, lat, zoom: this.map.getZoom() }
  }

  /** Shows a box as large as the panels leave room for. */
  fit([west, south, east, north]: Box, animate: boolean) {
    const { top, right, bottom, left } = this.insets
    const bounds = L.latLngBounds([south, west], [north, east])
    this.map.fitBounds(bounds, {
      animate,
      duration: 0.5,
      paddingTopLeft: [left + 12, top + 12],
      paddingBottomRight: [right + 12, bottom + 12],
    })
  }

  /** Moves a place (degrees) to the middle of what the panels leave free, at least at the given zoom. */
  flyTo(lon: number, lat: number, zoom: number) {
    const to = Math.max(zoom, this.map.getZoom())
    const { top, right, bottom, left } = this.insets
    const shift = L.point((right - left) / 2, (bottom - top) / 2)
    const center = this.map.unproject(this.map.project([lat, lon], to).add(shift), to)
    this.map.setView(center, to, { animate: true, duration: 0.5 })
  }

  /** Moves the map only where the place (degrees) is hidden behind a panel or outside the view. */
  reveal(lon: number, lat: number) {
    const { top, right, bottom, left } = this.insets
    this.map.panInside([lat, lon], {
      paddingTopLeft: [left + 24, top + 24],
      paddingBottomRight: [right + 24, bottom + 24],
    })
  }

  zoomBy(steps: number) {
    this.map.setZoom(this.map.getZoom() + steps)
  }

  canZoom(): { closer: boolean; wider: boolean } {
    const zoom = this.map.getZoom()
    return { closer: zoom < this.map.getMaxZoom(), wider: zoom > this.map.getMinZoom() }
  }

  /** The drawn area at a place (degrees), the finest that is not finer than a level. */
  areaAt(lon: number, lat: number, finest: Level): FoundArea | null {
    return this.areas.find(lon, lat, finest)
  }

  /** Marks the first of these areas that the present zoom shows. */
  select(codes: readonly string[]) {
    this.highlight.select(codes)
  }

  /** The finest level that is marked under the pointer. */
  setFinest(level: Level) {
    this.finest = level
    this.highlight.hover(null)
    this.events.onHover(null)
  }

  /** Adds what only one page needs; it goes with the map. */
  add(part: MapPart) {
    part.join(this.map)
  }

  setPin(place: { lon: number; lat: number } | null) {
    this.pin?.remove()
    this.pin = null
    if (!place) return
    const icon = L.divIcon({ className: 'map-pin', iconSize: [18, 26], iconAnchor: [9, 26] })
    this.pin = L.marker([place.lat, place.lon], { icon, interactive: false, keyboard: false }).addTo(this.map)
  }

  showIncidents(marks: readonly IncidentMark[]) {
    this.incidents.show(marks)
  }

  selectIncident(id: string | null) {
    this.incidents.select(id)
  }

  /** Draws the eye to a place (degrees) once. */
  pulse(lon: number, lat: number, urgent = false) {
    this.pulses.add(lon, lat, urgent)
  }

  /** Takes the tiles of a new edition. The old ones stay until the new ones are there. */
  setTiles(json: TileJson) {
    const old = this.areas
    this.failed.clear()
    this.areas = this.newAreas(json)
    this.areas.once('load', () => {
      old.remove()
      old.source.destroy()
    })
    this.areas.addTo(this.map)
  }

  /** Loads the tiles again that failed. */
  retryTiles() {
    this.failed.clear()
    this.events.onTileFailures(0)
    this.areas.redraw()
  }

  focus() {
    this.map.getContainer().focus({ preventScroll: true })
  }

  private newAreas(json: TileJson): AreaLayer {
    const areas = new AreaLayer(new TileSource(json), this.theme, this.overlay)
    const redraw = () => {
      if (areas !== this.areas) return
      this.labels.refresh()
      this.marks.invalidate()
      this.events.onLevels(areas.levels())
    }
    const settle = (key: string, ok: boolean) => {
      if (ok ? this.failed.delete(key) : !this.failed.has(key) && this.failed.add(key)) {
        this.events.onTileFailures(this.failed.size)
      }
    }
    const keyOf = (event: L.LeafletEvent) => {
      const { x, y, z } = (event as L.TileEvent).coords
      return `${z}/${x}/${y}`
    }
    areas.on('loading', () => this.events.onLoading(true))
    areas.on('load', () => {
      this.events.onLoading(false)
      redraw()
    })
    areas.on('tileload', (event) => {
      settle(keyOf(event), true)
      redraw()
    })
    areas.on('tileloadstart', (event) => {
      const { tile, coords } = event as L.TileEvent
      this.overlay?.tileStarted(tile as unknown as HTMLCanvasElement, coords)
    })
    areas.on('tileunload', (event) =>
      this.overlay?.tileGone((event as L.TileEvent).tile as unknown as HTMLCanvasElement),
    )
    areas.on('tileerror', (event) => settle(keyOf(event), false))
    areas.on('tileunload', (event) => settle(keyOf(event), true))
    return areas
  }

  private listen(container: HTMLElement) {
    const { map, events } = this
    map.on('zoomend', () => this.areas.repaint())
    map.on('moveend', () => {
      const box = map.getBounds()
      const view = this.view()
      events.onMove(
        view,
        [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()],
        (40_075_016.686 * Math.cos((view.lat * Math.PI) / 180)) / (256 * 2 ** view.zoom),
      )
    })
    map.on('click', (event) => {
      const { lng, lat } = event.latlng
      const incident = this.incidents.find(toWorld(lng, lat), map.getZoom())
      const counted = incident ? null : (this.overlay?.find(lng, lat) ?? null)
      if (incident) events.onIncident(incident)
      else if (counted) events.onCounted?.(counted)
      else events.onPick(lng, lat)
    })
    container.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.target !== container) return
      const { lng, lat } = map.getCenter()
      events.onPick(lng, lat)
    })
    // After a tap browsers move a mouse that is not there.
    const canHover = matchMedia('(hover: hover)')
    let moving = false
    map.on('mousemove', (event) => {
      if (!canHover.matches || moving) return
      cancelAnimationFrame(this.hoverFrame)
      this.hoverFrame = requestAnimationFrame(() => this.hover(event))
    })
    const leave = () => {
      cancelAnimationFrame(this.hoverFrame)
      this.highlight.hover(null)
      events.onHover(null)
      if (this.overlay) events.onHoverCounted?.(null, 0, 0)
    }
    map.on('mouseout', leave)
    // What slides along under the pointer is not pointed at; to mark it would cost another layer of the size of the view in every frame.
    map.on('movestart zoomstart', () => {
      moving = true
      leave()
    })
    map.on('moveend', () => {
      moving = false
    })
  }

  private hover({ containerPoint: { x, y }, latlng }: L.LeafletMouseEvent) {
    const { map, events } = this
    const id = this.incidents.find(toWorld(latlng.lng, latlng.lat), map.getZoom())
    if (this.overlay) events.onHoverCounted?.(id ? null : this.overlay.find(latlng.lng, latlng.lat), x, y)
    const area = id ? null : this.areas.find(latlng.lng, latlng.lat, this.finest)
    this.highlight.hover(area?.code ?? null)
    map.getContainer().style.cursor = id ? 'pointer' : ''
    if (id) events.onHover({ kind: 'incident', id, x, y })
    else events.onHover(area && { kind: 'area', area, x, y })
  }
}

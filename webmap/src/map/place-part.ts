import type { MapPart } from './area-map.ts'
import * as L from './leaflet.ts'
import * as V from './leaflet-vectors.ts'

/** Degrees. */
interface Place {
  lon: number
  lat: number
}

/** What is shown of one place that somebody decides about. */
export interface PlaceView {
  /** Where it is now; null where it is nowhere yet. */
  at: Place | null
  /** How far off `at` may be, in metres. */
  accuracyM: number | null
  /** Where somebody would put it. */
  proposed: Place | null
  /** Places that may be meant, numbered from 1. */
  leads: readonly (Place & { name: string })[]
}

export interface PlaceEvents {
  /** The pin is dragged, or was nudged. */
  onPropose(lon: number, lat: number): void
  /** A numbered place was chosen: its index. */
  onLead(index: number): void
  /** Enter on the map while a place is proposed. */
  onSend(): void
}

/** A nudge in CSS pixels, so that it is fine where the map is near; with Shift it is this many times as long. */
const NUDGE_PX = 4
const FAR = 8

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/**
 * The pin of a place on a map, with the circle of its accuracy (metres). The pin can be dragged, and while it is away from its place the arrow keys
 * nudge it; a ring and a line show where it came from.
 */
export class PlacePart implements MapPart {
  private map: L.Map | null = null
  private shown: PlaceView = { at: null, accuracyM: null, proposed: null, leads: [] }
  private circle: V.Circle | null = null
  private origin: V.CircleMarker | null = null
  private line: V.Polyline | null = null
  private pin: L.Marker | null = null
  private dragging = false
  private readonly leads = V.layerGroup()

  constructor(private readonly events: PlaceEvents) {}

  join(map: L.Map) {
    this.map = map
    this.leads.addTo(map)
    // Before the map, which the arrows would move, and for which Enter chooses its middle.
    map.getContainer().addEventListener('keydown', (event) => this.hear(event), true)
    this.draw()
  }

  show(view: PlaceView) {
    const before = this.shown
    this.shown = view
    this.draw(before)
  }

  private draw(before: PlaceView | null = null) {
    const { map, shown } = this
    if (!map) return
    const { at, accuracyM, proposed } = shown
    this.circle?.remove()
    this.circle = null
    if (at && accuracyM) {
      this.circle = V.circle([at.lat, at.lon], {
        radius: accuracyM,
        interactive: false,
        className: 'place-accuracy',
      }).addTo(map)
    }
    this.origin?.remove()
    this.line?.remove()
    this.origin = null
    this.line = null
    if (at && proposed) {
      const ends: V.LatLngTuple[] = [
        [at.lat, at.lon],
        [proposed.lat, proposed.lon],
      ]
      this.line = V.polyline(ends, { interactive: false, className: 'place-line' }).addTo(map)
      this.origin = V.circleMarker(ends[0] as V.LatLngTuple, {
        radius: 6,
        interactive: false,
        className: 'place-origin',
      }).addTo(map)
    }
    this.drawPin(map, proposed ?? at, !!proposed)
    if (shown.leads !== before?.leads || proposed !== before.proposed) this.drawLeads(map)
  }

  private drawPin(map: L.Map, place: Place | null, away: boolean) {
    if (!place) {
      this.pin?.remove()
      this.pin = null
      return
    }
    if (!this.pin) {
      const icon = L.divIcon({ className: 'place-pin', iconSize: [26, 38], iconAnchor: [13, 38] })
      this.pin = L.marker([place.lat, place.lon], {
        icon,
        draggable: true,
        autoPan: true,
        keyboard: false,
        zIndexOffset: 1000,
      })
      this.pin.on('dragstart', () => {
        this.dragging = true
      })
      this.pin.on('drag', () => this.tell())
      this.pin.on('dragend', () => {
        this.dragging = false
        this.tell()
      })
      this.pin.addTo(map)
    }
    if (!this.dragging) this.pin.setLatLng([place.lat, place.lon])
    this.pin.getElement()?.classList.toggle('away', away)
  }

  private tell() {
    const place = this.pin?.getLatLng()
    if (place) this.events.onPropose(place.lng, place.lat)
  }

  private drawLeads(map: L.Map) {
    this.leads.clearLayers()
    const { leads, proposed } = this.shown
    leads.forEach(({ lon, lat, name }, index) => {
      // The pin stands there.
      if (proposed && Math.abs(proposed.lon - lon) < 1e-6 && Math.abs(proposed.lat - lat) < 1e-6) return
      const icon = L.divIcon({ className: 'place-lead', html: `${index + 1}`, iconSize: [22, 22] })
      L.marker([lat, lon], { icon, title: name, alt: name, keyboard: false })
        .on('click', () => this.events.onLead(index))
        .addTo(this.leads)
    })
    if (!map.hasLayer(this.leads)) this.leads.addTo(map)
  }

  private hear(event: KeyboardEvent) {
    const step = STEPS[event.key]
    const { map } = this
    const place = this.shown.proposed
    if (!map || !place || event.target !== map.getContainer()) return
    if (event.ctrlKey || event.metaKey || event.altKey || !(step || event.key === 'Enter')) return
    event.preventDefault()
    event.stopPropagation()
    if (!step) {
      if (!event.repeat) this.events.onSend()
      return
    }
    const size = NUDGE_PX * (event.shiftKey ? FAR : 1)
    const point = map.latLngToContainerPoint([place.lat, place.lon]).add([step[0] * size, step[1] * size])
    const { lng, lat } = map.containerPointToLatLng(point)
    this.events.onPropose(lng, lat)
    map.panInside([lat, lng], { padding: [60, 60], animate: false })
  }
}

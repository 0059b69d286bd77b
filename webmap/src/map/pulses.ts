import * as L from './leaflet.ts'
import './pulses.css'

/** As long as pulses.css animates them. */
const PULSE_MS = 1800
const URGENT_PULSE_MS = 3200
/** More rings at once tell nothing more. */
const MOST = 30

/**
 * Rings that spread once where an incident arrives; what is urgent spreads wider, twice, in the colour of alarm. They are elements, not
 * drawn: without a GPU a canvas of the size of a 4K view takes half a second a frame, and a few small boxes take next to nothing.
 */
export class Pulses {
  private readonly shown = new Map<HTMLElement, ReturnType<typeof setTimeout>>()

  constructor(
    private readonly map: L.Map,
    private readonly pane: string,
  ) {
    // Their places hold for one zoom only, and they are gone in a moment anyway.
    map.on('zoomstart', () => this.clear())
  }

  /** A place in degrees. */
  add(lon: number, lat: number, urgent: boolean) {
    const ring = L.DomUtil.create('div', urgent ? 'map-pulse urgent' : 'map-pulse', this.map.getPane(this.pane))
    ring.setAttribute('aria-hidden', 'true')
    L.DomUtil.setPosition(ring, this.map.latLngToLayerPoint([lat, lon]))
    this.shown.set(
      ring,
      setTimeout(() => this.remove(ring), urgent ? URGENT_PULSE_MS : PULSE_MS),
    )
    for (const oldest of this.shown.keys()) if (this.shown.size > MOST) this.remove(oldest)
  }

  clear() {
    for (const ring of this.shown.keys()) this.remove(ring)
  }

  private remove(ring: HTMLElement) {
    clearTimeout(this.shown.get(ring))
    this.shown.delete(ring)
    ring.remove()
  }
}

import { isLang, type Lang } from '../i18n/index.ts'
import type { View } from '../map/area-map.ts'

/** All that a link to this page can carry. */
export interface PageState {
  view: View | null
  /** The clicked place, degrees. */
  pin: { lon: number; lat: number } | null
  /** Code of the selected area. */
  area: string | null
  /** Id of the opened incident. */
  incident: string | null
  lang: Lang | null
}

/** #at=119.82330,31.34060,15&pin=119.823301,31.340612&area=320282001&incident=…&lang=en. What cannot be read is left out. */
export function parseHash(hash: string): PageState {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  const [lon, lat, zoom] = numbers(fields.get('at'), 3)
  const [pinLon, pinLat] = numbers(fields.get('pin'), 2)
  const lang = fields.get('lang')
  const middle = place(lon, lat)
  return {
    view:
      middle && zoom !== undefined && zoom >= 0 && zoom <= 24 ? { ...middle, zoom: Math.round(zoom * 2) / 2 } : null,
    pin: place(pinLon, pinLat),
    area: short(fields.get('area')),
    incident: short(fields.get('incident')),
    lang: isLang(lang) ? lang : null,
  }
}

export function formatHash({ view, pin, area, incident, lang }: PageState): string {
  const parts: string[] = []
  // Five decimals are a metre, enough for the middle of a view; a pin keeps ten centimetres.
  if (view) parts.push(`at=${view.lon.toFixed(5)},${view.lat.toFixed(5)},${view.zoom}`)
  if (pin) parts.push(`pin=${pin.lon.toFixed(6)},${pin.lat.toFixed(6)}`)
  if (area) parts.push(`area=${encodeURIComponent(area)}`)
  if (incident) parts.push(`incident=${encodeURIComponent(incident)}`)
  if (lang) parts.push(`lang=${lang}`)
  return `#${parts.join('&')}`
}

function numbers(text: string | null, count: number): number[] {
  const values = (text ?? '').split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  return values.length === count && values.every(Number.isFinite) ? values : []
}

function place(lon = 999, lat = 999): { lon: number; lat: number } | null {
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? { lon, lat } : null
}

function short(text: string | null): string | null {
  return text && text.length <= 64 ? text : null
}

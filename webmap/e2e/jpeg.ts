import type { Page } from 'playwright-core'

/** A photo of a page, as a camera would have taken it at a place: the position stands in its EXIF. */
export async function photoAt(page: Page, [lon, lat]: [number, number]): Promise<Buffer> {
  const picture = await page.screenshot({ type: 'jpeg', quality: 60, clip: { x: 0, y: 0, width: 320, height: 240 } })
  return Buffer.concat([picture.subarray(0, 2), exif(lon, lat), picture.subarray(2)])
}

/** An APP1 segment (Exif 2.3) with nothing but a GPS directory. */
function exif(lon: number, lat: number): Buffer {
  const tiff = Buffer.alloc(26 + 2 + 4 * 12 + 4 + 2 * 24)
  tiff.write('MM\0*', 0, 'latin1')
  tiff.writeUInt32BE(8, 4)
  // The first directory has one entry: where the GPS directory is.
  tiff.writeUInt16BE(1, 8)
  entry(tiff, 10, 0x8825, 4, 1, (at) => tiff.writeUInt32BE(26, at))
  tiff.writeUInt16BE(4, 26)
  const values = 26 + 2 + 4 * 12 + 4
  entry(tiff, 28, 1, 2, 2, (at) => tiff.write(lat < 0 ? 'S' : 'N', at, 'latin1'))
  entry(tiff, 40, 2, 5, 3, (at) => tiff.writeUInt32BE(values, at))
  entry(tiff, 52, 3, 2, 2, (at) => tiff.write(lon < 0 ? 'W' : 'E', at, 'latin1'))
  entry(tiff, 64, 4, 5, 3, (at) => tiff.writeUInt32BE(values + 24, at))
  degrees(tiff, values, Math.abs(lat))
  degrees(tiff, values + 24, Math.abs(lon))
  const head = Buffer.from('\xff\xe1\0\0Exif\0\0', 'latin1')
  head.writeUInt16BE(2 + 6 + tiff.length, 2)
  return Buffer.concat([head, tiff])
}

function entry(tiff: Buffer, at: number, tag: number, type: number, count: number, value: (at: number) => void) {
  tiff.writeUInt16BE(tag, at)
  tiff.writeUInt16BE(type, at + 2)
  tiff.writeUInt32BE(count, at + 4)
  value(at + 8)
}

/** Degrees, minutes and seconds as three fractions. */
function degrees(tiff: Buffer, at: number, value: number) {
  const whole = Math.floor(value)
  const minutes = Math.floor((value - whole) * 60)
  const seconds = Math.round(((value - whole) * 60 - minutes) * 60 * 10_000)
  for (const [i, [over, under]] of [
    [whole, 1],
    [minutes, 1],
    [seconds, 10_000],
  ].entries()) {
    tiff.writeUInt32BE(over as number, at + i * 8)
    tiff.writeUInt32BE(under as number, at + i * 8 + 4)
  }
}

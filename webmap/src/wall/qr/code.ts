import { encode } from 'uqr'

/**
 * The dark modules of a text's QR code as one SVG path, with the edge of its square in modules, the quiet zone of four modules
 * included. Null where the text is too long for a code (2,331 bytes at error correction M).
 */
export function codeOf(text: string): { path: string; size: number } | null {
  try {
    const { data, size } = encode(text, { ecc: 'M', border: 4 })
    return { path: pathOf(data), size }
  } catch {
    return null
  }
}

/** Runs of dark modules as rectangles, row by row: few, and without seams between modules. */
function pathOf(rows: readonly (readonly boolean[])[]): string {
  let path = ''
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue
      const from = x
      while (row[x + 1]) x++
      path += `M${from} ${y}h${x - from + 1}v1h${from - x - 1}z`
    }
  })
  return path
}

/** Whether an address reaches only the machine that it is used on. */
export function isLoopback(address: string): boolean {
  const host = new URL(address).hostname
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

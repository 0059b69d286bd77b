/** How charts look: the page's tokens, which a canvas cannot read by itself. Lengths are CSS pixels. */
export interface ChartLook {
  /** Of the root font: charts grow with the screen as all else does. */
  rem: number
  font: string
  ink: string
  ink2: string
  line: string
  /** Of the day that is shown. */
  data: string
  /** Of what is still under way. */
  now: string
  /** Of the day before. */
  before: string
}

export function chartLook(): ChartLook {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string) => style.getPropertyValue(name).trim()
  return {
    rem: Number.parseFloat(style.fontSize) || 16,
    font: style.fontFamily,
    ink: token('--ink'),
    ink2: token('--ink-2'),
    line: token('--line'),
    data: token('--data'),
    now: token('--data-now'),
    before: token('--data-before'),
  }
}

let pen: CanvasRenderingContext2D | null = null

/** Width of the widest of some texts in a CSS font, in CSS pixels. */
export function widest(texts: readonly string[], font: string): number {
  pen ??= document.createElement('canvas').getContext('2d')
  if (!pen) return 0
  pen.font = font
  let most = 0
  for (const text of texts) most = Math.max(most, pen.measureText(text).width)
  return most
}

export type Pen = OffscreenCanvasRenderingContext2D

/**
 * A sheet out of sight that pictures are drawn on, to be handed to canvases on the page. Without a GPU Chromium copies each canvas that
 * was drawn on in place anew for every frame in which anything on the page changes: twenty tiles and a view at 4K take 30 to 50 ms. A
 * picture that was handed over is copied once.
 */
export class Sheet {
  private readonly canvas = new OffscreenCanvas(1, 1)
  private readonly pen = this.canvas.getContext('2d')

  /** A pen on an empty sheet of so many pixels, in the state that a new one has; null where the browser has no memory for it. */
  take(width: number, height: number): Pen | null {
    Object.assign(this.canvas, { width, height })
    return this.pen
  }

  /** Shows what was drawn since take on a canvas, in place of what it showed; of a map that is hidden, and so has no size, nothing. */
  show(on: HTMLCanvasElement) {
    const { width, height } = this.canvas
    const picture = width > 0 && height > 0 ? this.canvas.transferToImageBitmap() : null
    on.getContext('bitmaprenderer')?.transferFromImageBitmap(picture)
  }
}

import type { VectorTile } from '@mapbox/vector-tile'

/**
 * Lines or rings in flat arrays that cross from the worker to the page without a copy. Coordinates are tile units: 0…extent
 * from the tile's west and north edge, a little beyond it in the buffer.
 */
export interface Geometry {
  /** Feature i has the parts featureStart[i] … featureStart[i + 1] - 1. */
  featureStart: Uint32Array
  /** Part p has the points partStart[p] … partStart[p + 1] - 1. */
  partStart: Uint32Array
  /** x of point k at 2k, y at 2k + 1. */
  coords: Int16Array
}

export type MvtLayer = VectorTile['layers'][string]
type MvtFeature = ReturnType<MvtLayer['feature']>

export class GeometryWriter {
  private readonly featureStart = [0]
  private readonly partStart = [0]
  private readonly coords: number[] = []

  add(feature: MvtFeature): [number, number, number, number] {
    const box: [number, number, number, number] = [32767, 32767, -32768, -32768]
    for (const part of feature.loadGeometry()) {
      for (const { x, y } of part) {
        this.coords.push(x, y)
        if (x < box[0]) box[0] = x
        if (y < box[1]) box[1] = y
        if (x > box[2]) box[2] = x
        if (y > box[3]) box[3] = y
      }
      this.partStart.push(this.coords.length / 2)
    }
    this.featureStart.push(this.partStart.length - 1)
    return box
  }

  finish(): Geometry {
    return {
      featureStart: Uint32Array.from(this.featureStart),
      partStart: Uint32Array.from(this.partStart),
      coords: Int16Array.from(this.coords),
    }
  }
}

import { type InjectionKey, inject } from 'vue'
import type { WallData, WallRotation } from './types.ts'

export const wallKey: InjectionKey<WallData> = Symbol('wall')
export const rotationKey: InjectionKey<WallRotation> = Symbol('rotation')

function need<T>(key: InjectionKey<T>): T {
  const found = inject(key)
  if (found === undefined) throw new Error('only inside the wall page')
  return found
}

export const useWall = (): WallData => need(wallKey)
export const useRotation = (): WallRotation => need(rotationKey)

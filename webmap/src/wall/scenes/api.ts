import { ask, DELETE, GET, matching, POST, PUT } from '../../api/client.ts'
import type { components } from '../../api/schema.gen.ts'
import type { SavedScene, WallScene } from '../state/types.ts'
import { normalScene } from './normal.ts'

type Scene = components['schemas']['Scene']
type Draft = components['schemas']['SceneDraft']

/** What may be changed of a scene; what is left out stays. */
export interface SceneChange {
  name?: string
  nameEn?: string
  seconds?: number
  inRotation?: boolean
  config?: WallScene
}

/** The scenes of all walls. Every call fails with an ApiError; a change, with the code stale where somebody else was first. */
export const sceneApi = {
  list: () => ask<{ items: Scene[] }>(GET('/api/v1/scenes')).then(({ items }) => items.map(savedOf)),

  /** Behind all others, or at a position: those from there on move back. */
  create: (scene: Omit<Draft, 'config'> & { config: unknown; position?: number }) =>
    ask<Scene>(POST('/api/v1/scenes', { body: scene })).then(savedOf),

  change: (scene: SavedScene, change: SceneChange) =>
    ask<Scene>(PUT('/api/v1/scenes/{id}', { params: matching(scene), body: draftOf(scene, change) })).then(savedOf),

  remove: (scene: SavedScene) => ask<void>(DELETE('/api/v1/scenes/{id}', { params: matching(scene) })),

  /** All scenes, in their new order. */
  arrange: (ids: string[]) => ask<unknown>(PUT('/api/v1/scenes/order', { body: { ids } })),
}

export function savedOf(scene: Scene): SavedScene {
  return {
    id: scene.id,
    name: scene.name,
    nameEn: scene.name_en,
    seconds: scene.seconds,
    inRotation: scene.in_rotation,
    position: scene.position,
    config: normalScene(scene.config),
    stored: scene.config,
    updatedAt: scene.updated_at,
    updatedBy: scene.updated_by,
    version: scene.version,
  }
}

/** A scene as it is sent. Only a new view replaces what is stored: renaming must not lose what a newer page keeps there. */
export function draftOf(scene: SavedScene, change: SceneChange = {}): Draft {
  const merged = { ...scene, ...change }
  return {
    name: merged.name,
    name_en: merged.nameEn,
    seconds: merged.seconds,
    in_rotation: merged.inRotation,
    config: change.config ?? scene.stored,
  }
}

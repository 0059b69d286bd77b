import type { WallData } from '../state/types.ts'
import { t } from './index.ts'

/** What time the map counts: of a replayed day, what the clock has come to. */
export const periodText = ({ clock, scene }: Pick<WallData, 'clock' | 'scene'>) =>
  t(clock.value.kind === 'replay' && scene.value.period === 'today' ? 'period.replay' : `period.${scene.value.period}`)

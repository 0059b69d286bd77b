import { GraphicComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

/*
 * What the wall takes of ECharts, 106 KB (gzip), in a file of its own, so that the map does not wait for it. Charts place their own marks
 * (marks.ts): the bar and line series and the grid would be 51 KB more.
 */
use([GraphicComponent, CanvasRenderer])

export type { EChartsType as Chart } from 'echarts/core'
export { init }

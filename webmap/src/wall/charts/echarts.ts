import { GraphicComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

/*
 * What the wall takes of ECharts, 106 KB (gzip), in a file of its own, so that the map does not wait for it. Charts place their own marks
 * (marks.ts): the bar and line series and the grid would be 51 KB more. As SVG they are painted once with their panel; a canvas is a layer of
 * its own, which without a GPU is copied for every frame.
 */
use([GraphicComponent, SVGRenderer])

export type { EChartsType as Chart } from 'echarts/core'
export { init }

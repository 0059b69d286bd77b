import { BarChart, LineChart } from 'echarts/charts'
import { GridSimpleComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

/*
 * What the wall takes of ECharts, 157 KB (gzip), in a file of its own, so that the map does not wait for it. The grid with axis pointers,
 * a tooltip and a mark line would be 21 KB more, and the page has its own for them.
 */
use([BarChart, LineChart, GridSimpleComponent, CanvasRenderer])

export type { EChartsCoreOption as ChartOption, EChartsType as Chart } from 'echarts/core'
export { init }

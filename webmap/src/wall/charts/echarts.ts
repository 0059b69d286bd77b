import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

/* What the wall takes of ECharts: a tooltip or a mark line would be 14 KB more (gzip), and the page has its own for them. */
use([BarChart, LineChart, GridComponent, CanvasRenderer])

export type { EChartsCoreOption as ChartOption, EChartsType as Chart } from 'echarts/core'
export { init }

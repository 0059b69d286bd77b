import { createApp, h, provide, ref, shallowRef, defineComponent } from 'vue'
import '../base.css'
import '../wall/wall.css'
import WallHeader from '../wall/header/WallHeader.vue'
import WallPanel from '../wall/panels/WallPanel.vue'
import { wallKey, rotationKey } from '../wall/state/key.ts'
import { firstScene, normalScene } from '../wall/scenes/normal.ts'
import { sceneApi } from '../wall/scenes/api.ts'
import { loadSession } from '../session/session.ts'
import Frame from './Frame.vue'

void loadSession()
const q = new URLSearchParams(location.search)
const now = ref(Date.parse('2026-11-22T14:37:05+08:00'))
const items = 'party_organisation 组织建设与党员管理 Party_organisation_and_members|land 征地拆迁与安置 Land_acquisition_and_resettlement|illegal_parking 违法停车 Illegal_parking|ebike 电动自行车违规停放充电 E-bike_parking_and_charging|rubbish 垃圾堆放与清运 Rubbish_and_its_removal|noise 噪声扰民 Noise|gas 燃气泄漏与管线险情 Gas_leaks_and_pipelines|vending 占道经营 Trading_on_the_pavement|lamp 路灯与公共设施损坏 Street_lamps_and_public_fixtures|water 河湖水体污染 Polluted_rivers_and_lakes|dispute 邻里纠纷 Neighbour_disputes|fire 火灾与消防隐患 Fire_and_fire_hazards|wage 拖欠农民工工资 Unpaid_migrant_wages'.split('|').map(s=>s.split(' '))
const towns='宜城街道 屺亭街道 新街街道 新庄街道 芳桥街道 丁蜀镇 张渚镇 西渚镇 太华镇 徐舍镇 官林镇 杨巷镇 新建镇 和桥镇 高塍镇 万石镇 周铁镇 湖㳇镇'.split(' ')
const titles='楼道堆放纸箱,占用消防通道|夜间施工噪声大|路灯三天不亮|小区门口垃圾成堆|电动车飞线充电|河面漂浮死鱼和油污|商户占道烧烤油烟|燃气味很重请尽快来人'.split('|')
const empty = q.has('empty'), load = q.has('load')
const big = q.has('big') ? 37 : 1
const replay = q.has('replay')
const hoursT = [12,8,5,3,2,6,14,38,72,91,84,77,59,62,41], hoursY=[10,9,6,4,3,4,19,44,65,80,96,70,52,66,70,75,68,60,44,39,30,28,20,14]
const wall = {
  now, clock: ref(replay ? {kind:'replay', day:'2026-11-21', at: now.value, speed: 60, playing:true} : {kind:'live'}), scene: ref(q.has('f') ? normalScene({layer:'areas',level:'grid',period:'7d',filter:{areas:['320282100'],items:['noise'],channels:['worker','resident'],hours:[20,21,22,23]}}) : firstScene()),
  stale: ref(q.has('stale') ? {since: now.value-73000} : null), filling: ref(q.has('filling') ? {done: 43, total: 100} : null),
  today: ref(load ? null : empty ? {count:0,yesterdaySameHour:0,open:0,closedToday:0,review:null} : {count: 574*big, yesterdaySameHour: 612*big, open: 1893*big, closedToday: 402*big, review: q.has('viewer') ? null : 7}),
  hours: ref(load ? null : empty ? {today:Array(24).fill(0),yesterday:Array(24).fill(0)} : {today:[...hoursT,...Array(9).fill(0)].map(x=>x*big), yesterday:hoursY.map(x=>x*big)}),
  byItem: ref(load ? null : empty ? [] : items.map(([key,name,en],i)=>({key,name,nameEn:en.replaceAll('_',' '),count:Math.round(90*big/(1+i*.35)),before:Math.round(big*(70+((i*37)%50)-25)/(1+i*.3))}))),
  byChannel: ref(load ? null : empty ? [] : [['hotline_12345','12345 热线','12345 hotline',301],['worker','网格员','Grid worker',144],['resident','居民','Resident',88],['courier','新就业群体','Courier',21],['platform_1_4','“1+4”平台','“1+4” platform',17],['enterprise_line','政企通','Enterprise line',3]].map(([key,name,nameEn,count]:any)=>({key,name,nameEn,count:count*big,before:Math.round(count*big*.9)}))),
  ranking: ref(load ? null : empty ? [] : towns.map((name,i)=>({key:'3202821'+i,code:'3202821'+i,name,nameEn:name,count:Math.round(98*big/(1+i*.22)),before:Math.round(big*(95-((i*53)%60))/(1+i*.2))}))),
  stream: ref(load||empty ? [] : Array.from({length:30},(_,i)=>({id:'i'+i, at: now.value-i*97000, title: titles[i%8], itemName: items[(i*5)%13][1], itemNameEn: items[(i*5)%13][2].replaceAll('_',' '), town: i===4?'':towns[(i*7)%18], urgent: i%6===2}))),
  unusual: ref(load ? null : empty||q.has('calm') ? [] : [['宜城街道城中社区第三网格',9,1.13,0.0000003],['丁蜀镇白宕社区第一网格',6,0.75,0.00004],['和桥镇西锄社区第二网格',4,0.38,0.0007],['官林镇戈庄村第一网格',3,0.13,0.0009]].map(([name,count,mean,p]:any,i)=>({code:'g'+i,name,lon:0,lat:0,count,mean,p,surprise:-Math.log10(p)}))),
  statistic: ref('X | history ~ negative binomial: Poisson counts with a Gamma(1/2 + S, 8) posterior; p = P(X >= n)'),
  link: (f: any) => '/incidents?' + new URLSearchParams(f), select(){}, flyTo(){},
}
const list = shallowRef<any>(null)
const rotation = { list, error: ref(null), current: ref(q.get('scene')), rotating: ref(false), heldUntil: ref(null), present: () => wall.scene.value, address: () => location.href, show(id: string){ rotation.current.value = id }, rotate(on: boolean){ rotation.rotating.value = on }, async reload(){ try { list.value = await sceneApi.list() } catch (e) { rotation.error.value = (e as Error).message as any } } }
void rotation.reload()
Object.assign(window, { wall })
const App = defineComponent({ setup() { provide(wallKey, wall as any); provide(rotationKey, rotation as any); return () => h(Frame, null, { header: () => h(WallHeader, { notice: '示例数据：网格边界、党组织与事件均为虚构' }), panel: ({ id }: any) => h(WallPanel, { id }) }) } })
createApp(App).mount('#app')

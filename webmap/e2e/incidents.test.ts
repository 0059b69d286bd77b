import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
  axe,
  base,
  type Feature,
  get,
  mapReady,
  outage,
  quietMicro,
  report,
  shot,
  visit,
  withoutSharedWorker,
} from './harness.ts'
import { unzip } from './zip.ts'

interface Listed {
  id: string
  status: string
  item: string
  areas: string[]
  reported_at: string
}

let place: [number, number]
let town: Feature

beforeAll(async () => {
  const { features } = await get<{ features: Feature[] }>('/api/v1/areas?geometry=false&level=town&limit=1')
  town = features[0] as Feature
  place = town.properties.label
})

let tickets = 0
/** A ticket that became an incident at once, and was called about twice more: with the same words, and with others from 286 m to the east. */
async function calledAgain() {
  const number = `DH${Date.now()}${tickets++}`
  const call = (more: object) =>
    ask<{ incident: string }>('POST', '/api/v1/hotline/tickets', {
      as: 'demo-dispatcher',
      body: {
        number,
        address: '东风路路口',
        category: '城乡建设/市容环卫',
        caller: { name: '张建国', phone: '13812345678' },
        title: '垃圾桶几天没清运',
        ...more,
      },
    })
  const { incident } = await call({ lon: place[0], lat: place[1] })
  await call({})
  await call({
    lon: place[0] + 0.003,
    lat: place[1],
    repeat_call: true,
    demand_type: 'complain',
    caller: { name: '李秀英', phone: '13987654321' },
    content: '我是李秀英，回电13987654321',
  })
  return { number, incident, call }
}

const rows = (page: Page) => page.locator('tbody tr[id]')
const listReady = async (page: Page) => {
  await rows(page).first().waitFor()
  await page.locator('table[aria-busy=false]').waitFor()
}
const ids = (page: Page) => rows(page).evaluateAll((all) => all.map((row) => row.id.replace('incident-', '')))
const column = (page: Page, name: string) => rows(page).locator(`td.${name}`).allTextContents()
const query = (page: Page) => new URL(page.url()).searchParams

describe('the list of incidents', () => {
  it('shows the newest as a table and on the map', async () => {
    const { page, complaints } = await visit('/incidents', { as: 'demo-viewer' })
    await listReady(page)
    await mapReady(page)
    const { items } = await get<{ items: Listed[] }>('/api/v1/incidents?limit=100', 'demo-viewer')
    expect(await ids(page)).toEqual(items.map(({ id }) => id))
    await page.getByText(/^共 [\d,]+ 起，已列出 100 起$/).waitFor()
    expect(await page.getByRole('columnheader', { name: '上报时间' }).getAttribute('aria-sort')).toBe('descending')
    expect(await page.getByRole('button', { name: '导出' }).count()).toBe(0)
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents')

    await page.getByRole('button', { name: '再看 100 起' }).click()
    await expect.poll(() => rows(page).count()).toBe(200)
    expect(new Set(await ids(page)).size).toBe(200)
    expect(complaints).toEqual([])
  })

  it('has all filters in its address, and takes them from it', async () => {
    const { page, complaints } = await visit('/incidents', { as: 'demo-viewer' })
    await listReady(page)
    await page.getByRole('button', { name: '全部时间' }).click()
    await page.getByRole('button', { name: '进度', exact: true }).first().click()
    await page.getByRole('checkbox', { name: '事件办结' }).check()
    await page.getByRole('checkbox', { name: '作废' }).check()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: '事项', exact: true }).first().click()
    await page.getByRole('searchbox', { name: '查找', exact: true }).fill('占用公共')
    await page.getByRole('checkbox', { name: '占用公共空间' }).check()
    await listReady(page)
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents-choice')
    await page.keyboard.press('Escape')
    await page.getByRole('combobox', { name: '查找区域或坐标' }).fill(town.id)
    await page.getByRole('listbox').getByRole('option').first().waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(() => query(page).get('area')).toBe(town.id)
    expect(Object.fromEntries(query(page))).toMatchObject({
      period: 'all',
      status: 'closed,cancelled',
      item: 'common_space',
    })
    await expect.poll(async () => new Set(await column(page, 'town'))).toEqual(new Set([town.properties.name]))
    expect(new Set(await column(page, 'item'))).toEqual(new Set(['占用公共空间']))
    const found = await ids(page)
    await shot(page, 'incidents-filtered')

    // The same link shows somebody else the same.
    const other = await visit(new URL(page.url()).pathname + new URL(page.url()).search, { as: 'demo-handler' })
    await listReady(other.page)
    expect(await ids(other.page)).toEqual(found)

    // Each condition can be lifted, and the browser's back brings it again.
    await page.getByRole('button', { name: '去掉条件：作废' }).click()
    await expect.poll(() => query(page).get('status')).toBe('closed')
    await page.goBack()
    await page.getByRole('button', { name: '去掉条件：作废' }).waitFor()
    await page.getByRole('button', { name: '清除全部条件' }).click()
    await expect.poll(() => new URL(page.url()).search).toBe('')
    expect([...complaints, ...other.complaints]).toEqual([])
  })

  it('says which conditions of a link it cannot read', async () => {
    const { page } = await visit('/incidents?hour=7,25&channel=owl', { as: 'demo-viewer' })
    await page.getByText('已略去：hour=25 channel=owl').waitFor()
    await page.getByRole('button', { name: '去掉条件：7 时' }).waitFor()
  })

  it('sorts on the server', async () => {
    const { page } = await visit('/incidents?period=all', { as: 'demo-viewer' })
    await listReady(page)
    const head = page.getByRole('columnheader', { name: '进度' })
    await head.getByRole('button').click()
    await expect.poll(() => query(page).get('sort')).toBe('status')
    expect(await head.getAttribute('aria-sort')).toBe('ascending')
    await expect.poll(async () => (await column(page, 'status'))[0]).toBe('事件收集')
    await head.getByRole('button').click()
    expect(query(page).get('sort')).toBe('-status')
    await expect.poll(async () => (await column(page, 'status'))[0]).toBe('作废')
    const { items } = await get<{ items: Listed[] }>('/api/v1/incidents?sort=-status&limit=100', 'demo-viewer')
    expect(await ids(page)).toEqual(items.map(({ id }) => id))
  })

  it('goes with the keyboard, marks on the map what has the focus, and opens from either side', async () => {
    const { page, complaints } = await visit('/incidents', { as: 'demo-dispatcher' })
    await listReady(page)
    await mapReady(page)
    const found = await ids(page)
    await rows(page).first().getByRole('button').focus()
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('k')
    expect(await rows(page).nth(1).getAttribute('class')).toContain('current')
    await page.keyboard.press('Enter')
    const pane = page.getByRole('complementary', { name: '事件详情' })
    await pane.getByText('来源').waitFor()
    expect(query(page).get('id')).toBe(found[1])
    await pane.getByRole('heading', { name: '上报人' }).waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents-detail')
    await page.keyboard.press('Escape')
    await pane.waitFor({ state: 'detached' })
    expect(
      await rows(page)
        .nth(1)
        .getByRole('button')
        .evaluate((button) => button === document.activeElement),
    ).toBe(true)

    // The marks on the map are the rows of the list: a click on one opens it.
    await page.getByRole('searchbox', { name: '标题、编号、回执号' }).fill(found[4] as string)
    await page.keyboard.press('Enter')
    await expect.poll(() => ids(page)).toEqual([found[4]])
    await rows(page).first().click()
    await pane.getByText('来源').waitFor()
    // The map is on its way there; a click would stop it.
    const box = await page.locator('#map').boundingBox()
    if (!box) throw new Error('the map has no size')
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    await expect
      .poll(async () => {
        const pin = await page.locator('.map-pin').boundingBox()
        return pin && Math.hypot(pin.x + pin.width / 2 - middle.x, pin.y + pin.height - middle.y)
      })
      .toBeLessThan(5)
    await page.keyboard.press('Escape')
    await pane.waitFor({ state: 'detached' })
    expect(query(page).get('id')).toBe(null)
    await page.mouse.click(middle.x, middle.y)
    await pane.waitFor()
    expect(query(page).get('id')).toBe(found[4])
    await pane.getByText('来源').waitFor()
    expect(complaints).toEqual([])
  })

  it('tells what was done to an incident', async () => {
    const made = await report(place, { title: '位置不准', accuracy_m: 5000 }, 'demo-dispatcher')
    const [lon, lat] = [place[0] + 0.002, place[1] + 0.002]
    await ask('POST', `/api/v1/incidents/${made.id}/move`, {
      as: 'demo-dispatcher',
      body: { lon, lat, reason: '与报告人核实过' },
    })
    const { page, complaints } = await visit(`/incidents?id=${made.id}&q=${made.id}`, { as: 'demo-viewer' })
    const pane = page.getByRole('complementary', { name: '事件详情' })
    await pane.getByRole('heading', { name: '经过' }).waitFor()
    await pane.getByText('移动位置').waitFor()
    await pane.getByText('与报告人核实过').waitFor()
    await pane.getByText('demo-dispatcher').waitFor()
    await mapReady(page)
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents-history')
    expect(complaints).toEqual([])
  })

  it('shows what may be the same, and goes there', async () => {
    const { properties } = await quietMicro()
    const [lon, lat] = properties.label
    const stamp = Date.now().toString(36)
    const first = await report([lon, lat], { title: `围挡倒了 ${stamp}`, item: 'noise' })
    const second = await report([lon + 0.0005, lat], { title: `工地围挡倒塌 ${stamp}`, item: 'noise' })
    const { page, complaints } = await visit(`/incidents?id=${first.id}&q=${stamp}`, { as: 'demo-viewer' })
    const pane = page.getByRole('complementary', { name: '事件详情' })
    await pane.getByRole('heading', { name: '可能是同一件事' }).waitFor()
    const other = pane.getByRole('listitem').filter({ hasText: `工地围挡倒塌 ${stamp}` })
    await other.getByText(/^相距 4\d米$/).waitFor()
    await other.getByText('同时上报').waitFor()
    await mapReady(page)
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents-duplicates')
    await other.getByRole('link').click()
    await pane.getByRole('heading', { level: 2, name: `工地围挡倒塌 ${stamp}` }).waitFor()
    expect(query(page).get('id')).toBe(second.id)
    await pane.getByRole('link', { name: `围挡倒了 ${stamp}` }).waitFor()
    expect(complaints).toEqual([])
  })

  it('says nothing of duplicates where there are none', async () => {
    const made = await report([0.5, 0.5], { title: '远在别处', item: 'noise' })
    const { page } = await visit(`/incidents?id=${made.id}&q=${made.id}`, { as: 'demo-viewer' })
    const answered = page.waitForResponse((response) => response.url().endsWith('/duplicates'))
    await page.reload()
    expect((await (await answered).json()).items).toEqual([])
    await page.getByRole('complementary', { name: '事件详情' }).getByText('远在别处').waitFor()
    expect(await page.getByRole('heading', { name: '可能是同一件事' }).count()).toBe(0)
  })

  it('shows the later calls about a ticket that became an incident, and who called for a reason', async () => {
    const { number, incident, call } = await calledAgain()
    const { page, complaints } = await visit(`/incidents?id=${incident}&q=${incident}`, { as: 'demo-dispatcher' })
    const pane = page.getByRole('complementary', { name: '事件详情' })
    await pane.getByRole('heading', { name: '后续来电（2 次）' }).waitFor()
    await pane.getByText(`工单 ${number}`).waitFor()
    const second = pane.getByRole('listitem').filter({ hasText: '第 2 次再来电' })
    for (const text of ['重复来电', '投诉', '139****4321', '我是李**，回电139****4321'])
      await second.getByText(text, { exact: true }).waitFor()
    await second.getByText(/^来电坐标在 2\d\d米外/).waitFor()
    expect(await second.getByRole('link', { name: '在地图上看' }).getAttribute('href')).toBe(
      `/#at=${(place[0] + 0.003).toFixed(5)},${place[1].toFixed(5)},17&pin=${(place[0] + 0.003).toFixed(6)},${place[1].toFixed(6)}`,
    )
    const first = pane.getByRole('listitem').filter({ hasText: '第 1 次再来电' })
    await first.getByText('内容与首次来电相同').waitFor()
    expect(await first.getByText('来电坐标').count()).toBe(0)
    await mapReady(page)
    await pane.getByRole('heading', { name: '后续来电' }).scrollIntoViewIfNeeded()
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents-calls')

    // With the keyboard alone; the caller of the first call is unsealed beside them.
    await pane.getByRole('button', { name: '查看上报人', exact: true }).waitFor()
    await pane.getByRole('button', { name: '查看来电人' }).focus()
    await page.keyboard.press('Enter')
    await page.keyboard.type('请来电人说明地址')
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await pane.getByRole('link', { name: '13987654321' }).waitFor()
    await pane.getByText('我是李秀英，回电13987654321', { exact: true }).waitFor()
    await pane.getByText('已记入审计日志').waitFor()
    // The incident's own reporter stays masked: that is another question, with a reason of its own.
    await pane.getByRole('region', { name: '上报人' }).getByText('138****5678').waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents-calls-unsealed')
    const query = `action=reporter.unseal&object=${encodeURIComponent(`ticket/${number}`)}`
    const log = await get<{ items: { login: string; reason: string }[] }>(`/api/v1/audit?${query}`, 'demo-auditor')
    expect(log.items).toMatchObject([{ login: 'demo-dispatcher', reason: '请来电人说明地址' }])
    await pane.getByRole('button', { name: '立即隐藏' }).click()
    await second.getByText('139****4321', { exact: true }).waitFor()
    expect(await page.getByText('13987654321').count()).toBe(0)

    await call({ content: '今天又满了。' })
    await pane.getByRole('heading', { name: '后续来电（3 次）' }).waitFor()
    await pane.getByText('今天又满了。').waitFor()
    expect(complaints).toEqual([])
  })

  it.each(['demo-viewer', 'demo-handler'])('shows no later calls to who places no tickets: %s', async (as) => {
    const { incident } = await calledAgain()
    const asked: string[] = []
    const { page, complaints } = await visit(`/incidents?id=${incident}&q=${incident}`, {
      as,
      prepare: async (page) => page.on('request', (request) => asked.push(request.url())),
    })
    await page.getByRole('complementary', { name: '事件详情' }).getByRole('heading', { name: '上报人' }).waitFor()
    await listReady(page)
    await mapReady(page)
    expect(asked.filter((url) => url.includes('/hotline/'))).toEqual([])
    expect(await page.getByText('后续来电').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('says where later calls cannot be had, and asks again', async () => {
    const { incident } = await calledAgain()
    const away = outage('**/api/v1/hotline/tickets?*')
    const { page } = await visit(`/incidents?id=${incident}&q=${incident}`, {
      as: 'demo-dispatcher',
      prepare: away.prepare,
    })
    const pane = page.getByRole('complementary', { name: '事件详情' })
    await pane.getByText('后续来电没有取到').waitFor()
    away.mend()
    await pane.getByRole('button', { name: '重试' }).click()
    await pane.getByRole('heading', { name: '后续来电（2 次）' }).waitFor()
  })

  it.each(['desk', 'phone'] as const)('shows later calls on the map page too, in English: %s', async (size) => {
    const { incident, call } = await calledAgain()
    const at = place.map((degrees) => degrees.toFixed(5)).join()
    const { page, complaints } = await visit(`/#at=${at},17&incident=${incident}&lang=en`, {
      as: 'demo-dispatcher',
      size,
    })
    const heading = page.getByRole('heading', { name: 'Later calls (2)' })
    await heading.waitFor()
    const second = page.getByRole('listitem').filter({ hasText: 'Called again, 2' })
    for (const text of ['Repeat call', 'Complaint', '139****4321'])
      await second.getByText(text, { exact: true }).waitFor()
    await mapReady(page)
    await heading.scrollIntoViewIfNeeded()
    expect(await axe(page)).toEqual([])
    await shot(page, `map-calls-${size}`)
    // One that comes while it is looked at is shown.
    await call({ content: '今天又满了。' })
    await page.getByRole('heading', { name: 'Later calls (3)' }).waitFor()
    await page.getByText('今天又满了。').waitFor()
    // The link leads to where the caller says that it is.
    await second.getByRole('link', { name: 'Show on the map' }).click()
    await page.getByRole('heading', { name: 'Later calls' }).waitFor({ state: 'detached' })
    expect(page.url()).toContain(`pin=${(place[0] + 0.003).toFixed(6)}`)
    expect(complaints).toEqual([])
  })

  it('takes a confirmation back', async () => {
    const made = await report(place, { title: '位置不准', accuracy_m: 5000 }, 'demo-dispatcher')
    await ask('POST', `/api/v1/incidents/${made.id}/confirm`, { as: 'demo-dispatcher', body: {} })
    const viewer = await visit(`/incidents?id=${made.id}&q=${made.id}`, { as: 'demo-viewer' })
    await viewer.page.getByText('确认位置').waitFor()
    expect(await viewer.page.getByRole('button', { name: '撤销确认' }).count()).toBe(0)
    const { page, complaints } = await visit(`/incidents?id=${made.id}&q=${made.id}`, { as: 'demo-dispatcher' })
    const pane = page.getByRole('complementary', { name: '事件详情' })
    const undo = pane.getByRole('button', { name: '撤销确认' })
    await undo.waitFor()
    await shot(page, 'incidents-undo')
    await undo.click()
    await pane.getByText('撤销确认', { exact: true }).waitFor()
    await undo.waitFor({ state: 'detached' })
    await pane.locator('.tag.review').waitFor()
    expect((await get<{ review: string }>(`/api/v1/incidents/${made.id}`, 'demo-dispatcher')).review).toBe('border')
    expect(complaints).toEqual([])
  })

  it('takes a move back with the keyboard, and says so where somebody was faster', async () => {
    const made = await report(place, { title: '位置不准', accuracy_m: 5000 }, 'demo-dispatcher')
    const move = (east: number) =>
      ask('POST', `/api/v1/incidents/${made.id}/move`, {
        as: 'demo-dispatcher',
        body: { lon: place[0] + east, lat: place[1], reason: '与报告人核实过' },
      })
    await move(0.002)
    const { page, complaints } = await visit(`/incidents?id=${made.id}&q=${made.id}`, {
      as: 'demo-dispatcher',
      prepare: async (page) => {
        await withoutSharedWorker(page)
        await page.route('**/api/v1/events*', (route) => route.abort())
        await page.addInitScript(() => localStorage.setItem('jingwei.lang', 'en'))
      },
    })
    const pane = page.getByRole('complementary', { name: 'Incident in detail' })
    const undo = pane.getByRole('button', { name: 'Take the move back: look at the place again' })
    await undo.waitFor()
    await move(0.003)
    await undo.focus()
    await page.keyboard.press('Enter')
    await pane.getByText('Somebody else has just changed this, so nothing was taken back').waitFor()
    await expect.poll(() => pane.getByText('Moved', { exact: true }).count()).toBe(2)
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents-late')

    // The second move was of what nobody had to look at any more; then the first one can be taken back.
    await pane.getByRole('button', { name: 'Take the move back', exact: true }).focus()
    await page.keyboard.press('Enter')
    await pane.getByText('Move taken back', { exact: true }).waitFor()
    await undo.focus()
    await page.keyboard.press('Enter')
    await pane.locator('.tag.review').waitFor()
    await undo.waitFor({ state: 'detached' })
    await shot(page, 'incidents-undone')
    const back = await get<{ lon: number; accuracy_m: number; review: string }>(
      `/api/v1/incidents/${made.id}`,
      'demo-dispatcher',
    )
    expect([back.lon, back.accuracy_m, back.review]).toEqual([expect.closeTo(place[0], 6), 5000, 'border'])
    expect(complaints.filter((text) => !/412|ERR_FAILED/.test(text))).toEqual([])
  })

  it('lists only what the map shows, and moves with it', async () => {
    const { page, complaints } = await visit('/incidents?period=all', { as: 'demo-viewer' })
    await listReady(page)
    await mapReady(page)
    await page.getByRole('button', { name: '放大' }).click()
    await page.getByRole('button', { name: '放大' }).click()
    await page.waitForTimeout(800)
    await page.getByRole('checkbox', { name: '只列地图范围内的' }).check()
    await expect.poll(() => query(page).get('bbox')).not.toBe(null)
    const before = query(page).get('bbox')
    await listReady(page)
    const { items } = await get<{ items: Listed[] }>(`/api/v1/incidents?limit=100&bbox=${before}`, 'demo-viewer')
    await expect.poll(() => ids(page)).toEqual(items.map(({ id }) => id))
    const box = await page.locator('#map').boundingBox()
    if (!box) throw new Error('the map has no size')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 3, { steps: 8 })
    await page.mouse.up()
    await expect.poll(() => query(page).get('bbox')).not.toBe(before)
    await shot(page, 'incidents-box')
    await page.getByRole('checkbox', { name: '只列地图范围内的' }).uncheck()
    await expect.poll(() => query(page).get('bbox')).toBe(null)
    expect(complaints).toEqual([])
  })

  it('offers what comes in, without a jump', async () => {
    const { page, complaints } = await visit('/incidents?item=fire_hazard', {
      as: 'demo-viewer',
      prepare: withoutSharedWorker,
    })
    await listReady(page)
    const before = await ids(page)
    await expect
      .poll(
        async () => {
          await report(place, { title: '新到一起' })
          await report(place, { title: '另一事项', item: 'noise' })
          return page.getByText(/^新到 \d+ 起/).count()
        },
        { interval: 1000 },
      )
      .toBe(1)
    expect(await ids(page)).toEqual(before)
    await page.getByRole('button', { name: '刷新列表' }).click()
    await rows(page).first().getByText('新到一起').waitFor()
    expect(await page.getByText(/^新到 \d+ 起/).count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

describe('a file of incidents', () => {
  it('is an Excel workbook with what the list finds, masked and without formulas', async () => {
    const made = await report(place, { title: '=1+1 请联系 13812345678', item: 'noise' }, 'demo-dispatcher')
    const { page, complaints } = await visit(`/incidents?q=${made.id}`, { as: 'demo-handler' })
    await listReady(page)
    await page.getByRole('button', { name: '导出' }).click()
    expect(await axe(page)).toEqual([])
    await shot(page, 'incidents-export')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: '导出文件' }).click()
    const file = await download
    expect(file.suggestedFilename()).toMatch(/^incidents-\d{8}-\d{4}\.xlsx$/)
    const sheet = unzip(await readFile(await file.path())).get('xl/worksheets/sheet1.xml') ?? ''
    const cells = [...sheet.matchAll(/<(?:t|v)[^>]*>([^<]*)</g)].map(([, text]) => text)
    expect(cells).toContain('=1+1 请联系 138****5678')
    expect(cells).toContain('上报时间（北京时间）')
    expect(sheet).not.toContain('<f>')
    expect(sheet).not.toContain('13812345678')
    expect(sheet.match(/<row /g)?.length).toBe(2)
    await page.getByText(/已保存为 incidents-/).waitFor()
    expect(complaints).toEqual([])
  })

  it('is CSV that a spreadsheet opens, in the language of the page', async () => {
    const { page } = await visit('/incidents', {
      as: 'demo-planner',
      prepare: (page) => page.addInitScript(() => localStorage.setItem('jingwei.lang', 'en')),
    })
    await listReady(page)
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('radio', { name: 'CSV' }).check()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save the file' }).click()
    const text = await readFile(await (await download).path(), 'utf8')
    expect(text.startsWith('\ufeffReported (Beijing time),Item,')).toBe(true)
  })

  it('says why there is none', async () => {
    const { page } = await visit('/incidents', {
      as: 'demo-dispatcher',
      prepare: (page) =>
        page.route('**/api/v1/incidents/export?*', (route) =>
          route.fulfill({
            status: 422,
            contentType: 'application/problem+json',
            body: JSON.stringify({ status: 422, code: 'invalid', detail: 'more than 200000 incidents pass' }),
          }),
        ),
    })
    await listReady(page)
    await page.getByRole('button', { name: '导出' }).click()
    await page.getByRole('button', { name: '导出文件' }).click()
    await page.getByRole('alert').getByText('more than 200000 incidents pass').waitFor()
  })
})

describe('what else the list says', () => {
  it('offers to try again where it cannot be had', async () => {
    const away = outage('**/api/v1/incidents?*')
    const { page } = await visit('/incidents', { as: 'demo-viewer', prepare: away.prepare })
    await page.getByText('事件列表没有取到').waitFor()
    away.mend()
    await page.getByRole('button', { name: '重试' }).click()
    await listReady(page)
  })

  it('says that nothing meets the conditions, and lifts them', async () => {
    const { page } = await visit('/incidents?q=没有这样的标题', { as: 'demo-viewer' })
    await page.getByText('没有符合条件的事件').waitFor()
    await shot(page, 'incidents-nothing')
    await page.getByRole('button', { name: '清除全部条件' }).last().click()
    await listReady(page)
  })

  it('asks for a login, and refuses who has no role for it', async () => {
    const nobody = await visit('/incidents')
    await nobody.page.getByRole('main').getByRole('link', { name: '登录' }).waitFor()
    const auditor = await visit('/incidents', { as: 'demo-auditor' })
    await auditor.page.getByText('这个页面只供查看员使用').waitFor()
    expect((await auditor.page.request.get(`${base}/api/v1/incidents/export`)).status()).toBe(403)
  })

  it('reads in English, with all columns, which the browser remembers', async () => {
    const { page, complaints } = await visit('/incidents?hour=7,8,9&weekday=1,2&channel=worker', {
      as: 'demo-dispatcher',
      prepare: (page) => page.addInitScript(() => localStorage.setItem('jingwei.lang', 'en')),
    })
    await listReady(page)
    await page.getByRole('button', { name: 'Columns' }).click()
    for (const name of ['Source', 'Closed']) await page.getByRole('checkbox', { name, exact: true }).check()
    await page.keyboard.press('Escape')
    await page.getByRole('columnheader', { name: 'Closed' }).waitFor()
    await mapReady(page)
    await shot(page, 'incidents-english')
    expect(await axe(page)).toEqual([])
    await page.reload()
    await page.getByRole('columnheader', { name: 'Source' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('fits a phone: the list, the map, and the detail each fill it', async () => {
    const { page, complaints } = await visit('/incidents', { as: 'demo-dispatcher', size: 'phone' })
    await listReady(page)
    await shot(page, 'incidents-phone')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await page.getByRole('button', { name: '筛选' }).click()
    await shot(page, 'incidents-phone-filter')
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: '收起筛选' }).click()
    await page.getByRole('button', { name: '地图', exact: true }).click()
    await mapReady(page)
    await shot(page, 'incidents-phone-map')
    await page.getByRole('button', { name: '列表', exact: true }).click()
    await rows(page).first().click()
    await page.getByRole('complementary', { name: '事件详情' }).getByText('来源').waitFor()
    await page.waitForTimeout(900)
    await shot(page, 'incidents-phone-detail')
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: '回到列表' }).click()
    await rows(page).first().waitFor()
    expect(complaints).toEqual([])
  })
})

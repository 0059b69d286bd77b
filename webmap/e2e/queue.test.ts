import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
  axe,
  cookieOf,
  type Feature,
  get,
  makePerson,
  mapReady,
  outage,
  quietMicro,
  report,
  shot,
  visit,
  withoutSharedWorker,
} from './harness.ts'

interface Past {
  kind: string
  reason: string
  by: string
}
interface Station {
  code: string
  name: string
  lon: number
  lat: number
}
interface Summary {
  outside: number
  border: number
  tickets: number
}

/** A dispatcher of the whole installation. */
let login = ''
let micro: Feature
/** West of every area. */
let beyond: [number, number]

beforeAll(async () => {
  const person = await makePerson('dispatcher')
  login = person.login
  await cookieOf(login, person.password)
  micro = await quietMicro()
  const { bounds } = await get<{ bounds: [number, number, number, number] }>('/api/v1/about')
  beyond = [bounds[0] - 0.001, (bounds[1] + bounds[3]) / 2]
})

let last = 0
/** An incident outside every area, with a title that no other has. */
async function lost(what: string) {
  const title = `${what} ${Date.now().toString(36)}${last++}`
  const { id } = await report(beyond, { title, accuracy_m: 25 }, login)
  return { id, title }
}

async function ticket(address: string) {
  const number = `DH${Date.now()}${last++}`
  await call(number, address)
  return number
}

/** A call about a ticket, the first or a later one. */
const call = (number: string, address: string, more: object = {}) =>
  ask('POST', '/api/v1/hotline/tickets', {
    as: login,
    body: {
      number,
      address,
      category: '城乡建设/市容环卫',
      caller: { name: '张建国', phone: '13812345678' },
      title: '垃圾桶几天没清运',
      content: '楼下垃圾桶已经三天没有清运。',
      ...more,
    },
  })

const history = async (id: string) => (await get<{ items: Past[] }>(`/api/v1/incidents/${id}/history`, login)).items
const summary = () => get<Summary>('/api/v1/review/summary', login)

async function openPlace(title: string, options: Parameters<typeof visit>[1] = {}) {
  const visited = await visit('/queue?kind=outside', { as: login, ...options })
  await visited.page.getByRole('option', { name: title }).click()
  await visited.page.getByRole('heading', { level: 2, name: title }).waitFor()
  return visited
}

/** The page hears of nothing that others do. */
async function deaf(page: Page) {
  await withoutSharedWorker(page)
  await page.route('**/api/v1/events*', (route) => route.abort())
}

describe('the queue of places', () => {
  it('confirms with one key, shows the next one, and takes it back with another', async () => {
    const { id, title } = await lost('河边焚烧垃圾')
    const next = await lost('河边钓鱼')
    const { page, complaints } = await openPlace(title)
    await mapReady(page)
    await page.getByText('没有任何网格包含这个位置').waitFor()
    // Enter rests for a moment after something new has come.
    await page.waitForTimeout(400)
    await page.keyboard.press('Enter')
    await page.getByRole('status').getByText(`已确认：${title}`).waitFor()
    await page.getByRole('heading', { level: 2, name: next.title }).waitFor()
    expect(await page.getByRole('option', { name: title }).count()).toBe(0)
    expect((await history(id)).map(({ kind }) => kind)).toEqual(['confirmed'])
    expect(await history(next.id)).toEqual([])

    await page.keyboard.press('z')
    await page.getByRole('heading', { level: 2, name: title }).waitFor()
    expect(await page.getByRole('option').first().textContent()).toContain(title)
    expect((await history(id)).map(({ kind }) => kind)).toEqual(['confirmed', 'unconfirmed'])
    expect((await get<{ review: string }>(`/api/v1/incidents/${id}`, login)).review).toBe('outside')
    // It waits as before, and can be decided again.
    await page.getByText('没有任何网格包含这个位置').waitFor()
    await page.getByRole('button', { name: '位置无误' }).click()
    await expect.poll(async () => (await history(id)).map(({ kind }) => kind).at(-1)).toBe('confirmed')
    expect(complaints).toEqual([])
  })

  it('shows one that is nearer to a border than its place is certain: confirms, takes it back, moves', async () => {
    const title = `路面塌陷 ${Date.now().toString(36)}`
    const [lon, lat] = micro.properties.label
    const { id } = await report([lon, lat], { title, accuracy_m: 400 }, login)
    const { page, complaints } = await visit('/queue?kind=border', { as: login })
    const row = page.getByRole('option', { name: title })
    await row.click()
    await page.getByText('定位误差400米').waitFor()
    await mapReady(page)
    const near = page.locator('.choices button')
    await near.first().click()
    await expect.poll(() => near.first().getAttribute('aria-pressed')).toBe('true')
    const other = (await near.first().locator('span').textContent()) ?? ''
    expect(await axe(page)).toEqual([])
    await shot(page, 'queue-border')

    await page.getByRole('button', { name: '位置无误' }).click()
    await page.getByRole('status').getByText(`已确认：${title}`).waitFor()
    await row.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: '撤销' }).click()
    await page.getByRole('heading', { level: 2, name: title }).waitFor()
    await row.getByText('近边界').waitFor()
    await page.getByText('定位误差400米').waitFor()
    expect((await get<{ review: string }>(`/api/v1/incidents/${id}`, login)).review).toBe('border')

    const { features } = await get<{ features: Feature[] }>(
      `/api/v1/areas?geometry=false&limit=1&q=${encodeURIComponent(other)}`,
    )
    const to = features[0] as Feature
    await page.getByRole('combobox').fill(to.properties.label.join(','))
    await page.getByRole('option').first().waitFor()
    await page.getByRole('combobox').press('Enter')
    await page.getByRole('status').getByText(to.properties.name, { exact: true }).waitFor()
    const send = page.getByRole('button', { name: '移到这里' })
    await expect.poll(() => send.isEnabled()).toBe(true)
    await send.click()
    await page.getByText(`已移到 ${to.properties.name}：${title}`).waitFor()
    expect((await history(id)).map(({ kind }) => kind)).toEqual(['confirmed', 'unconfirmed', 'moved'])
    const moved = await get<{ areas: string[]; review: string | null }>(`/api/v1/incidents/${id}`, login)
    expect([moved.areas.at(-1), moved.review]).toEqual([to.id, null])

    // Taken back it waits again, for the same reason.
    await row.waitFor({ state: 'detached' })
    await page.keyboard.press('z')
    await page.getByRole('heading', { level: 2, name: title }).waitFor()
    await row.getByText('近边界').waitFor()
    await page.getByText('定位误差400米').waitFor()
    await near.first().waitFor()
    await mapReady(page)
    await shot(page, 'queue-undone')
    const back = await get<{ lon: number; accuracy_m: number; review: string }>(`/api/v1/incidents/${id}`, login)
    expect([back.lon, back.accuracy_m, back.review]).toEqual([expect.closeTo(lon, 6), 400, 'border'])
    expect((await history(id)).map(({ kind }) => kind)).toEqual(['confirmed', 'unconfirmed', 'moved', 'moved_back'])
    expect(complaints).toEqual([])
  })

  it.each([
    ['中文', '位置无误', '撤销', '后来又有人处理过这一件，不能撤销了'],
    ['English', 'Right where it is', 'Undo', 'Somebody else has changed it since'],
  ])('takes nothing back that somebody else has changed since: %s', async (language, right, undo, late) => {
    const { id, title } = await lost('护栏倒伏')
    const { page } = await openPlace(title, { prepare: deaf })
    await page.getByRole('button', { name: language }).click()
    await page.getByRole('button', { name: right }).click()
    const bar = page.getByRole('status').filter({ hasText: title })
    await bar.waitFor()
    const [lon, lat] = micro.properties.label
    await ask('POST', `/api/v1/incidents/${id}/move`, { as: login, body: { lon, lat, reason: '网格员到现场核实' } })
    await bar.getByRole('button', { name: undo }).click()
    await bar.getByText(late).waitFor()
    expect(await bar.getByRole('button', { name: undo }).count()).toBe(0)
    expect(await axe(page)).toEqual([])
    await shot(page, `queue-late-${language}`)
    expect((await history(id)).map(({ kind }) => kind)).toEqual(['confirmed', 'moved'])
    expect((await get<{ areas: string[] }>(`/api/v1/incidents/${id}`, login)).areas.at(-1)).toBe(micro.id)
  })

  it('moves to a place that was searched for, says first whose it is there, and takes that back', async () => {
    const { id, title } = await lost('井盖松动')
    const { page, complaints } = await openPlace(title)
    const [lon, lat] = micro.properties.label
    await page.getByRole('combobox').fill(`${lon},${lat}`)
    await page.keyboard.press('Enter')
    await page.getByRole('status').getByText(micro.properties.name, { exact: true }).waitFor()
    const send = page.getByRole('button', { name: '移到这里' })
    await expect.poll(() => send.isEnabled()).toBe(true)
    await page.keyboard.press('Enter')
    await page.getByText(`已移到 ${micro.properties.name}：${title}`).waitFor()
    const moved = await get<{ lon: number; areas: string[]; review: string | null }>(`/api/v1/incidents/${id}`, login)
    expect(moved.areas.at(-1)).toBe(micro.id)
    expect(moved.review).toBeNull()

    await page.getByRole('button', { name: '撤销' }).click()
    await page.getByRole('heading', { level: 2, name: title }).waitFor()
    const back = await get<{ lon: number; areas: string[]; review: string }>(`/api/v1/incidents/${id}`, login)
    expect([back.areas, back.review]).toEqual([[], 'outside'])
    expect(back.lon).toBeCloseTo(beyond[0], 6)
    expect((await history(id)).map(({ kind, reason }) => [kind, reason])).toEqual([
      ['moved', '定位有偏差，按描述更正'],
      ['moved_back', ''],
    ])
    // It is in the queue, and not only on this page.
    await page.reload()
    await page.getByRole('option', { name: title }).getByText('无归属').waitFor()
    expect(complaints).toEqual([])
  })

  it('lets the pin be dragged, clicked elsewhere and nudged with the arrow keys', async () => {
    const { title } = await lost('路灯不亮')
    const { page } = await openPlace(title)
    await mapReady(page)
    const pin = page.locator('.place-pin')
    const at = async () => {
      const box = await pin.boundingBox()
      if (!box) throw new Error('there is no pin')
      return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height) }
    }
    const first = await at()
    await page.mouse.move(first.x, first.y - 25)
    await page.mouse.down()
    await page.mouse.move(first.x + 60, first.y - 5, { steps: 6 })
    await page.mouse.up()
    expect((await at()).x - first.x).toBeGreaterThan(50)
    await page.getByRole('heading', { name: '移到' }).waitFor()

    await page.keyboard.press('Escape')
    expect(await at()).toEqual(first)
    await page.mouse.click(first.x - 80, first.y + 40)
    await expect.poll(at).toEqual({ x: first.x - 80, y: first.y + 40 })
    await page.keyboard.press('Escape')

    await page.keyboard.press('m')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Shift+ArrowUp')
    const nudged = await at()
    expect(nudged.x - first.x).toBe(4)
    expect(first.y - nudged.y).toBe(32)
  })

  it.each([
    ['中文', '后续来电（1 次）', '把图钉移到那里', '移到这里'],
    ['English', 'Later calls (1)', 'Move the pin there', 'Move here'],
  ])(
    'shows what was called later about one of the hotline, and goes where that says: %s',
    async (language, ...words) => {
      const [heading, take, send] = words as [string, string, string]
      const title = `窨井冒水 ${Date.now().toString(36)}${last++}`
      const number = `DH${Date.now()}${last++}`
      await call(number, '市界外的路边', { lon: beyond[0], lat: beyond[1], title })
      const [lon, lat] = micro.properties.label
      await call(number, '小区东门', { lon, lat, title, content: '说错了，在小区东门，13987654321' })
      const { page, complaints } = await openPlace(title)
      await page.getByRole('button', { name: language }).click()
      await page.getByRole('heading', { name: heading }).waitFor()
      await page.getByText('说错了，在小区东门，139****4321').waitFor()
      await mapReady(page)
      expect(await axe(page)).toEqual([])
      await shot(page, `queue-called-${language}`)
      // One that comes while it is looked at is shown.
      await call(number, '小区东门，靠近门卫', { title, content: '还没有人来' })
      await page.getByText('还没有人来').waitFor()
      await page.getByRole('button', { name: take }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('status').getByText(micro.properties.name, { exact: true }).waitFor()
      await mapReady(page)
      expect(await axe(page)).toEqual([])
      await shot(page, `queue-called-take-${language}`)
      const go = page.getByRole('button', { name: send })
      await expect.poll(() => go.isEnabled()).toBe(true)
      await page.keyboard.press('Enter') // the map has the focus
      const bar = page.getByRole('status').filter({ hasText: title })
      await bar.waitFor()
      const { incident } = await get<{ incident: string }>(`/api/v1/hotline/tickets/${number}`, login)
      expect((await get<{ areas: string[] }>(`/api/v1/incidents/${incident}`, login)).areas.at(-1)).toBe(micro.id)
      expect(complaints).toEqual([])
    },
  )

  it('says when somebody else was faster, and sends nothing', async () => {
    const { id, title } = await lost('占道经营')
    const { page } = await openPlace(title, {
      prepare: deaf,
    })
    await ask('POST', `/api/v1/incidents/${id}/move`, {
      as: login,
      body: { lon: micro.properties.label[0], lat: micro.properties.label[1], reason: '网格员到现场核实' },
    })
    await page.waitForTimeout(400)
    await page.keyboard.press('Enter')
    await page.getByText('别人已经处理了这一件').waitFor()
    expect((await history(id)).length).toBe(1)
    await page.getByRole('button', { name: '看下一件' }).click()
    await page.getByRole('heading', { level: 2, name: title }).waitFor({ state: 'detached' })
  })

  it('follows what comes in and what others do, and stays with what is looked at', async () => {
    const mine = await lost('正在看的')
    const others = await lost('别人处理的')
    const { page } = await openPlace(mine.title)
    const came = await lost('新来的')
    await page.getByRole('option', { name: came.title }).waitFor()
    await ask('POST', `/api/v1/incidents/${others.id}/confirm`, { as: login, body: {} })
    await page.getByRole('option', { name: others.title }).waitFor({ state: 'detached' })
    expect(await page.getByRole('option', { name: mine.title }).getAttribute('aria-selected')).toBe('true')
    const { outside, border } = await summary()
    await expect
      .poll(() => page.getByRole('link', { name: '待核实位置' }).textContent())
      .toContain((outside + border).toLocaleString('zh-CN'))
  })

  it('says that all is done, and where the list cannot be had', async () => {
    const done = await visit('/queue', {
      as: login,
      prepare: (page) =>
        page.route('**/api/v1/review?*', (route) => route.fulfill({ json: { items: [], next: null } })),
    })
    await done.page.getByRole('heading', { name: '都处理完了' }).waitFor()
    await shot(done.page, 'queue-done')
    expect(await axe(done.page)).toEqual([])

    await lost('还在等的')
    const away = outage('**/api/v1/review?*')
    const failing = await visit('/queue', {
      as: login,
      prepare: async (page) => {
        await deaf(page)
        await away.prepare(page)
      },
    })
    await failing.page.getByText('队列没有取到').waitFor()
    away.mend()
    await failing.page.getByRole('button', { name: '重试' }).click()
    await failing.page.getByRole('option').first().waitFor()
  })
})

describe('the queue of hotline tickets', () => {
  it('places a ticket with two keys, and corrects where', async () => {
    const number = await ticket(`${micro.properties.name}3幢楼下`)
    const { page, complaints } = await visit('/queue?queue=tickets', { as: login })
    await page.getByRole('option', { name: number }).click()
    await page.getByText('138****5678', { exact: true }).waitFor()
    expect(await page.getByText('13812345678').count()).toBe(0)
    await page.locator('.choices button').first().waitFor()
    await page.waitForTimeout(400)
    await page.keyboard.press('1')
    const send = page.getByRole('button', { name: '在这里落点' })
    await expect.poll(() => send.isEnabled()).toBe(true)
    await page.keyboard.press('Enter')
    await page.getByText(`${number} 已落点到`).waitFor()
    await page.getByRole('option', { name: number }).waitFor({ state: 'detached' })
    const placed = await get<{ state: string; incident: string }>(`/api/v1/hotline/tickets/${number}`, login)
    expect(placed.state).toBe('incident')

    await page.keyboard.press('z')
    await page.getByRole('heading', { level: 2, name: '垃圾桶几天没清运' }).waitFor()
    expect(new URL(page.url()).search).toBe('')
    expect(complaints).toEqual([])
  })

  it('finds stations beside areas, with the keyboard alone, and places a ticket there', async () => {
    const { items } = await get<{ items: Station[] }>('/api/v1/stations?q=小蜜蜂驿站&limit=100')
    const station = items[7] as Station
    const number = await ticket('某条路上的驿站门口')
    const { page, complaints } = await visit('/queue?queue=tickets', { as: login })
    await page.getByRole('option', { name: number }).click()
    await page.getByText('地址里没有认出地方').waitFor()
    const search = page.getByRole('combobox', { name: '查找区域、驿站或坐标' })
    // The name of the community it is in, as areas have it.
    await search.fill(station.name.replace('小蜜蜂驿站', ''))
    const list = page.getByRole('listbox', { name: '查找区域、驿站或坐标' })
    await list.getByRole('group', { name: '区域', exact: true }).getByRole('option').first().waitFor()
    const wanted = list.getByRole('group', { name: '驿站与阵地' }).getByRole('option', { name: station.name })
    await wanted.waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'queue-search')
    await expect
      .poll(async () => {
        if ((await wanted.getAttribute('aria-selected')) === 'true') return true
        await search.press('ArrowDown')
        return false
      })
      .toBe(true)
    expect(await search.getAttribute('aria-activedescendant')).toBe(await wanted.getAttribute('id'))
    await search.press('Enter')
    const send = page.getByRole('button', { name: '在这里落点' })
    await expect.poll(() => send.isEnabled()).toBe(true)
    await mapReady(page)
    const pin = await page.locator('.place-pin').boundingBox()
    const map = await page.locator('#map').boundingBox()
    if (!pin || !map) throw new Error('there is no map with a pin')
    expect(Math.abs(pin.x + pin.width / 2 - map.x - map.width / 2)).toBeLessThan(5)
    await page.keyboard.press('Enter')
    await page.getByText(`${number} 已落点到`).waitFor()
    const { incident } = await get<{ incident: string }>(`/api/v1/hotline/tickets/${number}`, login)
    const placed = await get<{ lon: number; lat: number }>(`/api/v1/incidents/${incident}`, login)
    expect(placed.lon).toBeCloseTo(station.lon, 6)
    expect(placed.lat).toBeCloseTo(station.lat, 6)
    expect(complaints).toEqual([])
  })

  it('searches on where stations cannot be had, and says where nothing is found', async () => {
    await ticket('找不到驿站的地方')
    const away = outage('**/api/v1/stations?*')
    const { page } = await visit('/queue?queue=tickets', { as: login, prepare: away.prepare })
    const search = page.getByRole('combobox', { name: '查找区域、驿站或坐标' })
    await search.fill('宜城')
    await page.getByRole('group', { name: '区域', exact: true }).getByRole('option').first().waitFor()
    const retry = page.locator('.results').getByRole('button', { name: '重试' })
    await retry.waitFor()
    away.mend()
    await retry.click()
    await page.getByRole('group', { name: '驿站与阵地' }).getByRole('option').first().waitFor()
    await retry.waitFor({ state: 'detached' })
    await search.fill('没有这样的地方')
    await page.getByText('没有相符的区域或驿站').waitFor()
  })

  it('shows every later call, also one that comes while it is looked at', async () => {
    const number = await ticket('旧小区的后门')
    await call(number, '旧小区的后门，靠菜场', {
      caller: { name: '李秀英', phone: '13987654321' },
      content: '还是没有人来。',
      demand_type: 'complain',
    })
    const { page, complaints } = await visit('/queue?queue=tickets', { as: login })
    await page.getByRole('option', { name: number }).click()
    const first = page.getByRole('listitem').filter({ hasText: '第 1 次再来电' })
    await first.getByText('139****4321').waitFor()
    await first.getByText('旧小区的后门，靠菜场').waitFor()
    await first.getByText('还是没有人来。').waitFor()
    await first.getByText('投诉').waitFor()
    expect(await first.getByText('垃圾桶几天没清运').count()).toBe(0) // the ticket says that already
    await call(number, '旧小区的后门', { content: '今天又满了。', caller: { name: '王' } })
    await page.getByText('今天又满了。').waitFor()
    await page.getByRole('heading', { name: '后续来电（2 次）' }).waitFor()
    expect(await page.getByRole('listitem').filter({ hasText: '次再来电' }).first().textContent()).toContain(
      '第 2 次再来电',
    )
    expect(await axe(page)).toEqual([])
    await page.getByText('今天又满了。').scrollIntoViewIfNeeded()
    await shot(page, 'queue-calls')
    expect(complaints).toEqual([])
  })

  it('unseals who called, for a reason that the log keeps', async () => {
    const number = await ticket('请打13812345678，我在路口')
    await call(number, '路口', { caller: { name: '李秀英', phone: '13987654321' }, content: '我是李秀英，快来。' })
    const { page, complaints } = await visit('/queue?queue=tickets', { as: login })
    await page.getByRole('option', { name: number }).click()
    await page.getByText('138****5678', { exact: true }).waitFor()
    expect(await page.getByText('13812345678').count()).toBe(0)
    await page.getByRole('button', { name: '查看来电人' }).click()
    const reason = page.getByRole('textbox', { name: '查看理由' })
    await reason.fill('问地址')
    await page.getByRole('button', { name: '查看（将被记录）' }).click()
    await page.getByText('请填写查看理由，至少 5 个字').waitFor()
    await reason.fill('请来电人说明地址')
    await page.getByRole('button', { name: '查看（将被记录）' }).click()
    await page.getByRole('link', { name: '13812345678' }).waitFor()
    await page.getByRole('link', { name: '13987654321' }).waitFor()
    await page.getByText('请打13812345678，我在路口').waitFor()
    await page.getByText('我是李秀英，快来。').waitFor()
    await page.getByText('已记入审计日志').waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'queue-unsealed')
    const query = `action=reporter.unseal&object=${encodeURIComponent(`ticket/${number}`)}`
    const log = await get<{ items: { login: string; reason: string }[] }>(`/api/v1/audit?${query}`, 'demo-auditor')
    expect(log.items).toMatchObject([{ login, reason: '请来电人说明地址' }])
    await page.getByRole('button', { name: '立即隐藏' }).click()
    await page.getByText('138****5678', { exact: true }).waitFor()
    expect(await page.getByText('13812345678').count()).toBe(0)
    expect(await page.getByText('13987654321').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('dismisses a ticket for a reason', async () => {
    const number = await ticket('外地某市某路')
    const { page } = await visit('/queue?queue=tickets', { as: login })
    await page.getByRole('option', { name: number }).click()
    await page.keyboard.press('d')
    const dialog = page.getByRole('dialog')
    const go = dialog.getByRole('button', { name: '不受理', exact: true })
    expect(await go.isDisabled()).toBe(true)
    await dialog.getByRole('button', { name: '不在本市范围内' }).click()
    expect(await axe(page)).toEqual([])
    await go.click()
    await page.getByText(`${number} 已退回`).waitFor()
    const dismissed = await get<{ state: string; reason: string }>(`/api/v1/hotline/tickets/${number}`, login)
    expect(dismissed).toMatchObject({ state: 'dismissed', reason: '不在本市范围内，请转其他城市' })
  })

  it('hears of tickets that come in', async () => {
    const { page } = await visit('/queue?queue=tickets', { as: login })
    await page.getByRole('link', { name: '12345 待落点', exact: false }).waitFor()
    const number = await ticket('某小区门口')
    await page.getByRole('option', { name: number }).waitFor()
  })
})

describe('the queue page', () => {
  it('shows the dispatcher of the demo all that waits', async () => {
    const { title } = await lost('县界外的')
    const number = await ticket('说不清在哪里')
    const { page } = await visit('/queue', { as: 'demo-dispatcher' })
    await page.getByRole('option', { name: title }).click()
    await page.getByRole('button', { name: '位置无误' }).click()
    await page.getByRole('status').getByText(`已确认：${title}`).waitFor()
    await page.getByRole('link', { name: '12345 待落点' }).click()
    await page.getByRole('option', { name: number }).click()
    expect(await page.getByRole('button', { name: '不受理…' }).isEnabled()).toBe(true)
  })

  it.each([
    ['320282', true],
    ['320282001', false],
  ])('lets the dispatcher of %s see tickets; dismiss them: %s', async (area, mayDismiss) => {
    const { login: local, password } = await makePerson('dispatcher', area)
    await cookieOf(local, password)
    const { title } = await lost('县界外的')
    const number = await ticket('说不清在哪里')
    const { page } = await visit('/queue?queue=tickets', { as: local })
    await page.getByRole('option', { name: number }).click()
    await page.getByRole('button', { name: '查看来电人' }).waitFor()
    expect(await page.getByRole('button', { name: '不受理…' }).isEnabled()).toBe(mayDismiss)
    // What lies outside every area is for whoever decides everywhere.
    const { items } = await get<{ items: { title: string }[] }>('/api/v1/review?limit=1000', local)
    expect(items.filter((item) => item.title === title)).toEqual([])
  })

  it('is for dispatchers, who find it in their menu', async () => {
    const viewer = await visit('/queue', { as: 'demo-viewer' })
    await viewer.page.getByRole('heading', { name: '这个页面只供调度员使用' }).waitFor()
    const { page } = await visit('/queue?queue=tickets', { as: 'demo-dispatcher' })
    await page.locator('.who').click()
    expect(await page.getByRole('link', { name: '待办队列' }).getAttribute('href')).toBe('/queue')
  })

  it.each(['desk', 'phone'] as const)('is usable and accessible in both languages: %s', async (size) => {
    const { title } = await lost('消防通道停车')
    const number = await ticket(`${micro.properties.name}东门`)
    for (const language of ['中文', 'English']) {
      const { page, complaints } = await visit('/queue?kind=outside', { as: login, size })
      await page.getByRole('button', { name: language }).click()
      await page.getByRole('option', { name: title }).waitFor()
      expect(await axe(page)).toEqual([])
      if (size === 'phone') await shot(page, `queue-list-${size}-${language}`)
      await page.getByRole('option', { name: title }).click()
      await mapReady(page)
      // The tip of the pin stands in the middle of the map.
      await expect
        .poll(async () => {
          const pin = await page.locator('.place-pin').boundingBox()
          const map = await page.locator('#map').boundingBox()
          if (!pin || !map) return null
          return Math.hypot(pin.x + pin.width / 2 - map.x - map.width / 2, pin.y + pin.height - map.y - map.height / 2)
        })
        .toBeLessThan(5)
      expect(await axe(page)).toEqual([])
      await shot(page, `queue-place-${size}-${language}`)
      await page.getByRole('button', { name: language === 'English' ? /^Move/ : /^移动/ }).click()
      await page.locator('#map').press('ArrowLeft')
      await page.locator('.owner .finest').waitFor()
      expect(await axe(page)).toEqual([])
      await shot(page, `queue-move-${size}-${language}`)
      await page.goto(page.url().replace(/\?.*/, '?queue=tickets'))
      await page.getByRole('option', { name: number }).click()
      await page.locator('.choices button').first().click()
      await page.locator('.owner .finest').waitFor()
      expect(await axe(page)).toEqual([])
      await shot(page, `queue-ticket-${size}-${language}`)
      expect(complaints).toEqual([])
    }
  })
})

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
  await ask('POST', '/api/v1/hotline/tickets', {
    as: login,
    body: {
      number,
      address,
      category: '城乡建设/市容环卫',
      caller: { name: '张建国', phone: '13812345678' },
      title: '垃圾桶几天没清运',
      content: '楼下垃圾桶已经三天没有清运。',
    },
  })
  return number
}

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
  it('confirms with one key, shows the next one, and looks again', async () => {
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
    expect(complaints).toEqual([])
  })

  it('moves to a place that was searched for, says first whose it is there, and moves back', async () => {
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
    const back = await get<{ lon: number; areas: string[] }>(`/api/v1/incidents/${id}`, login)
    expect(back.areas).toEqual([])
    expect(back.lon).toBeCloseTo(beyond[0], 6)
    expect((await history(id)).map(({ kind, reason }) => [kind, reason])).toEqual([
      ['moved', '定位有偏差，按描述更正'],
      ['moved', '撤销刚才的移动'],
    ])
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
    await page.getByText('138****5678').waitFor()
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
      await page.locator('.place-pin').waitFor()
      const pin = await page.locator('.place-pin').boundingBox()
      const map = await page.locator('#map').boundingBox()
      if (!pin || !map) throw new Error('there is no map with a pin')
      // The tip of the pin stands in the middle of the map.
      expect(Math.abs(pin.x + pin.width / 2 - map.x - map.width / 2)).toBeLessThan(5)
      expect(Math.abs(pin.y + pin.height - map.y - map.height / 2)).toBeLessThan(5)
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

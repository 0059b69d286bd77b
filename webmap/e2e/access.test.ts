import { beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
  axe,
  base,
  clickMiddle,
  cookieOf,
  type Feature,
  get,
  makePerson,
  mapReady,
  quietMicro,
  type Reported,
  report,
  SIZES,
  shot,
  visit,
} from './harness.ts'

/** A place in the town of the demo handler, and one in another town. */
let inside: [number, number]
let outside: [number, number]
let town: string

beforeAll(async () => {
  const { account } = await get<{ account: { roles: { area: string }[] } }>('/api/v1/session', 'demo-handler')
  town = account.roles[0]?.area as string
  const middle = async (parent: string): Promise<[number, number]> => {
    const { features } = await get<{ features: Feature[] }>(`/api/v1/areas?geometry=false&parent=${parent}&limit=1`)
    return features[0]?.properties.label as [number, number]
  }
  const { features } = await get<{ features: Feature[] }>('/api/v1/areas?geometry=false&level=town&limit=100')
  inside = await middle(town)
  outside = await middle(features.find(({ id }) => id !== town)?.id as string)
})

const at = ([lon, lat]: [number, number], zoom: number) => `/#at=${lon},${lat},${zoom}`

describe('nobody', () => {
  it.each(Object.keys(SIZES) as (keyof typeof SIZES)[])('sees areas and no incident, at the size %s', async (size) => {
    const asked: string[] = []
    const { page, complaints } = await visit(at((await quietMicro()).properties.label, 16), {
      size,
      prepare: async (page) => page.on('request', (request) => asked.push(new URL(request.url()).pathname)),
    })
    await mapReady(page)
    await page.getByText('实时', { exact: true }).waitFor()
    if (size === 'phone') await page.getByRole('button', { name: '事件与上报' }).click()
    const panel = page.getByRole('complementary', { name: '最新事件' })
    await panel.getByText('登录后显示事件').waitFor()
    await panel.getByRole('link', { name: '登录' }).waitFor()
    await panel.getByRole('button', { name: '查询我的上报' }).waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, `public-${size}`)
    if (size === 'phone') await panel.getByRole('button', { name: '收起' }).click()
    await clickMiddle(page)
    const chain = page.locator('.chain')
    await chain.locator('li').nth(4).waitFor()
    expect(await chain.innerText()).not.toMatch(/户|人/)
    expect(asked.filter((path) => path.startsWith('/api/v1/incidents'))).toEqual([])
    expect(complaints).toEqual([])
  })

  it('gets no incident by its link, and is told how to', async () => {
    const { items } = await get<{ items: { id: string; title: string }[] }>('/api/v1/incidents?limit=1', 'demo-viewer')
    const { page, complaints } = await visit(`/#incident=${items[0]?.id}`)
    const card = page.getByRole('region', { name: '事件' })
    await card.getByText('登录后显示事件').waitFor()
    await card.getByRole('link', { name: '登录' }).click()
    // Logging in comes back to it.
    await page.getByRole('button', { name: '查看员 Viewer' }).click()
    await card.getByText(items[0]?.title as string).waitFor()
    expect(complaints).toEqual([])
  })

  it('hears of no incident live', async () => {
    const { page } = await visit(at(inside, 15))
    await page.getByText('实时', { exact: true }).waitFor()
    const told: string[] = []
    await page.exposeFunction('told', (text: string) => told.push(text))
    await page.evaluate(async () => {
      const response = await fetch('/api/v1/events')
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      void (async () => {
        for (;;) {
          const { done, value } = (await reader?.read()) ?? { done: true }
          if (done) return
          ;(globalThis as unknown as { told: (text: string) => void }).told(value as string)
        }
      })()
    })
    await expect.poll(() => told.join('')).toContain('event: hello')
    await report(inside)
    await page.waitForTimeout(1500)
    expect(told.join('')).not.toContain('incident')
  })
})

describe('a handler of a town', () => {
  it('sees the incidents of the town, and of no other', async () => {
    const { page, complaints } = await visit('/', { as: 'demo-handler' })
    await mapReady(page)
    const rows = page.locator('.feed li')
    await rows.nth(20).waitFor()
    const places = rows.locator('.place')
    // Names of areas come a moment later.
    await expect
      .poll(async () => (await places.allTextContents()).filter((place) => !place.startsWith('宜城街道')))
      .toEqual([])
    const mine = await report(inside)
    const elsewhere = await report(outside)
    expect(mine.areas).toContain(town)
    await page.locator('.feed li.fresh').first().waitFor()
    expect(await page.locator('.feed li.fresh').count()).toBe(1)
    await page.goto(`${base}/#incident=${mine.id}`)
    await page.locator('.subject').getByText('楼道堆放纸箱').waitFor()
    expect(complaints).toEqual([])
    // An incident elsewhere is answered like one that does not exist.
    await page.goto(`${base}/#incident=${elsewhere.id}`)
    await page.getByText('没有找到，或不在您的权限范围内').waitFor()
  })

  it('sees households and population there only', async () => {
    for (const [place, shown] of [
      [inside, true],
      [outside, false],
    ] as const) {
      const { page } = await visit(`/#pin=${place.join(',')}`, { as: 'demo-handler' })
      const finest = page.locator('.chain li').last()
      await finest.waitFor()
      expect(/\d 户/.test(await finest.innerText())).toBe(shown)
    }
  })

  it('may report as a resident only', async () => {
    const { page } = await visit(`/#pin=${inside.join(',')}`, { as: 'demo-handler' })
    await page.getByRole('button', { name: '在此上报' }).click()
    expect(await page.getByRole('combobox', { name: '来源' }).locator('option').allTextContents()).toEqual([
      '居民',
      '新就业群体',
    ])
  })
})

describe('an administrator', () => {
  it('sees no incident, and is told that this is meant so', async () => {
    const { page, complaints } = await visit('/', { as: 'demo-auditor' })
    await mapReady(page)
    const panel = page.getByRole('complementary', { name: '最新事件' })
    await panel.getByText('您的角色看不到事件').waitFor()
    expect(complaints).toEqual([])
  })
})

describe('who reported', () => {
  const secretName = '欧阳测试'
  const phone = '13812345678'
  let told: Reported

  beforeAll(async () => {
    told = await report(inside, { reporter: { name: secretName, phone }, description: `请回电 ${phone}` })
  })

  it('is shown for a reason, and hidden again after a minute', async () => {
    const { page, complaints } = await visit(`/#incident=${told.id}`, {
      as: 'demo-handler',
      prepare: (page) => page.clock.install(),
    })
    const block = page.getByRole('region', { name: '上报人' })
    await block.getByText('138****5678').waitFor()
    expect(await page.locator('body').innerText()).not.toMatch(new RegExp(`${secretName}|${phone}`))
    await block.getByRole('button', { name: '查看上报人' }).click()
    await block.getByRole('button', { name: '查看（将被记录）' }).click()
    await block.getByText('请填写查看理由').waitFor()
    await block.getByRole('textbox', { name: '查看理由' }).fill('回访核实处理结果')
    await block.getByRole('button', { name: '查看（将被记录）' }).click()
    await block.getByText(secretName).waitFor()
    await block.getByRole('link', { name: phone }).waitFor()
    await block.getByText(`请回电 ${phone}`).waitFor()
    await block.getByText('已记入审计日志').waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'reporter')
    await page.clock.fastForward(61_000)
    await block.getByText('138****5678').waitFor()
    expect(await page.locator('body').innerText()).not.toMatch(new RegExp(`${secretName}|${phone}`))

    const { items } = await get<{ items: { login: string; reason: string; object: string }[] }>(
      '/api/v1/audit?action=reporter.unseal&limit=20',
      'demo-auditor',
    )
    expect(items.find(({ object }) => object.includes(told.id))).toMatchObject({
      login: 'demo-handler',
      reason: '回访核实处理结果',
    })
    expect(JSON.stringify(items)).not.toMatch(new RegExp(`${secretName}|${phone}`))
    expect(complaints).toEqual([])
  })

  it('stays masked for those who may only look', async () => {
    const { page } = await visit(`/#incident=${told.id}`, { as: 'demo-viewer' })
    const block = page.getByRole('region', { name: '上报人' })
    await block.getByText('138****5678').waitFor()
    expect(await block.getByRole('button').count()).toBe(0)
  })
})

describe('a session that ends while a report is being written', () => {
  it('is said calmly, and renewed on the spot with nothing lost', async () => {
    const { login, password } = await makePerson('dispatcher')
    const cookie = await cookieOf(login, password)
    const { page } = await visit(`${at(inside, 16)}&pin=${inside.join(',')}`, { as: login })
    await page.locator('.feed li').first().waitFor()
    await page.getByRole('button', { name: '在此上报' }).click()
    await page.getByRole('textbox', { name: '标题' }).fill('写到一半的标题')
    await page.getByRole('combobox', { name: '来源' }).selectOption({ label: '12345热线' })
    const before = page.url()
    const response = await fetch(`${base}/api/v1/session`, { method: 'DELETE', headers: { Cookie: cookie } })
    expect(response.status).toBe(204)
    await page.getByText('登录已失效').waitFor({ timeout: 20_000 })
    // What only that person may see is no longer there.
    await expect.poll(() => page.locator('.feed li').count()).toBe(0)
    expect(await axe(page)).toEqual([])
    await shot(page, 'session-ended')
    // No link to the log-in page leads away now.
    await page.getByRole('complementary').getByRole('link', { name: '登录' }).click()
    const dialog = page.getByRole('dialog', { name: '登录' })
    expect(await dialog.getByLabel('账号', { exact: true }).inputValue()).toBe(login)
    // Escape closes the dialog and not the report under it.
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await page.getByRole('textbox', { name: '标题' }).inputValue()).toBe('写到一半的标题')
    await page.getByRole('button', { name: '重新登录' }).click()
    await dialog.getByLabel('密码', { exact: true }).fill(password)
    expect(await axe(page)).toEqual([])
    await shot(page, 'session-again')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('登录已失效').waitFor({ state: 'detached' })
    await page.locator('.feed li').first().waitFor()
    expect(page.url()).toBe(before)
    expect(await page.getByRole('textbox', { name: '标题' }).inputValue()).toBe('写到一半的标题')
    expect(await page.getByRole('combobox', { name: '来源' }).inputValue()).toBe('hotline_12345')
  })

  it('is noticed at once when the person logs out in another tab', async () => {
    const { page } = await visit('/', { as: (await personWithCookie()).login })
    await page.locator('.feed li').first().waitFor()
    const second = await page.context().newPage()
    await second.goto(`${base}/account`)
    await second.getByRole('main').getByRole('button', { name: '退出登录' }).click()
    await page.getByText('登录已失效').waitFor({ timeout: 10_000 })
  })
})

describe('rights that change while a page is open', () => {
  it('are followed by the map within seconds', async () => {
    const { login } = await personWithCookie()
    const { page, complaints } = await visit('/', { as: login })
    await page.locator('.feed li').first().waitFor()
    const { items } = await get<{ items: { id: string; login: string; roles: { id: string }[] }[] }>(
      `/api/v1/accounts?q=${login}`,
      'demo-security',
    )
    const found = items.find((each) => each.login === login)
    await ask('DELETE', `/api/v1/accounts/${found?.id}/grants/${found?.roles[0]?.id}`, { as: 'demo-security' })
    await page.getByText('您的角色看不到事件').first().waitFor({ timeout: 20_000 })
    expect(await page.locator('.feed li').count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

async function personWithCookie() {
  const person = await makePerson('viewer')
  await cookieOf(person.login, person.password)
  return person
}

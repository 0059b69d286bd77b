import { beforeAll, describe, expect, it } from 'vitest'
import {
  axe,
  base,
  type Feature,
  get,
  mapReady,
  quietMicro,
  type Reported,
  shot,
  type Visit,
  visit,
} from './harness.ts'
import { photoAt } from './jpeg.ts'

let micro: Feature
let place: [number, number]

beforeAll(async () => {
  micro = await quietMicro()
  place = micro.properties.label
})

/** The form for a report at the place, with item and title filled in. */
async function open(options: Parameters<typeof visit>[1] = {}): Promise<Visit> {
  const visited = await visit(`/#at=${place.join(',')},17&pin=${place.join(',')}`, options)
  const { page } = visited
  await mapReady(page)
  await page.getByRole('button', { name: '在此上报' }).click()
  await page.getByRole('combobox', { name: '清单事项' }).selectOption({ label: '火灾与消防隐患' })
  await page.getByRole('textbox', { name: '标题' }).fill('消防通道被占')
  return visited
}

const send = ({ page }: Visit) => page.getByRole('button', { name: '上报', exact: true }).click()

describe('a report of the public', () => {
  it('takes photos, a name and a number, and gives a receipt to follow it with', async () => {
    const visited = await open()
    const { page, complaints } = visited
    const away: [number, number] = [place[0] + 0.0012, place[1]]
    await page.locator('input[type=file]').setInputFiles([
      { name: '现场.jpg', mimeType: 'image/jpeg', buffer: await photoAt(page, away) },
      {
        name: '近景.png',
        mimeType: 'image/png',
        buffer: await page.screenshot({ clip: { x: 0, y: 0, width: 200, height: 200 } }),
      },
    ])
    // The position is offered, and taken only when asked for.
    await page.getByText('照片拍摄于').waitFor()
    expect(page.url()).toContain(`pin=${place[0].toFixed(6)},${place[1].toFixed(6)}`)
    await page.getByRole('button', { name: '改用照片的位置' }).click()
    await expect.poll(() => Number(/pin=([\d.]+)/.exec(page.url())?.[1])).toBeCloseTo(away[0], 5)
    await page.getByText('照片就拍摄于此处').waitFor()
    expect(await page.getByRole('textbox', { name: '标题' }).inputValue()).toBe('消防通道被占')
    await page.getByRole('textbox', { name: '姓名' }).fill('张三丰')
    const phone = page.getByRole('textbox', { name: '电话' })
    await phone.fill('12')
    await page.getByText('只有承办人说明理由后才能看到').waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'report-photos')
    await send(visited)
    await page.getByText('电话号码不对').waitFor()
    await phone.fill('138 1234 5678')
    const answered = page.waitForResponse((response) => response.url() === `${base}/api/v1/incidents` && response.ok())
    await send(visited)
    const { receipt, id } = (await (await answered).json()) as Reported

    const dialog = page.getByRole('dialog', { name: '已收到您的上报' })
    await dialog.getByText(receipt.number).waitFor()
    await dialog.getByText(receipt.secret).waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'receipt')
    // It does not go by accident.
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await dialog.getByText(receipt.secret).waitFor()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
    await dialog.getByRole('button', { name: '复制' }).click()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toContain(receipt.number)
    expect(copied).toContain(receipt.secret)
    await dialog.getByRole('button', { name: '我已记下' }).click()
    await dialog.waitFor({ state: 'detached' })
    // The public does not see the incident, and the secret is nowhere any more.
    expect(await page.getByRole('button', { name: '查看事件' }).count()).toBe(0)
    expect(await page.content()).not.toContain(receipt.secret)
    expect(page.url()).not.toContain(receipt.secret)
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(
      receipt.number,
    )

    await page.getByRole('button', { name: '查询我的上报' }).click()
    const follow = page.getByRole('dialog', { name: '查询我的上报' })
    await follow.getByLabel('编号').fill(receipt.number)
    await follow.getByLabel('查询码').fill('AAAA-AAAA-AAAA-AAAA')
    await page.keyboard.press('Enter')
    await follow.getByText('编号或查询码不对').waitFor()
    // As people type it: small letters, without hyphens.
    await follow.getByLabel('查询码').fill(receipt.secret.toLowerCase().replaceAll('-', ' '))
    await page.keyboard.press('Enter')
    await follow.getByText('事件收集').waitFor()
    await follow.getByText('消防通道被占').waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'follow')
    expect(complaints.filter((text) => !text.includes('status of 4'))).toEqual([])

    // Whoever may see the incident sees its photos, large too, and a masked reporter.
    const dispatcher = await visit(`/#incident=${id}`, { as: 'demo-dispatcher' })
    const photos = dispatcher.page.locator('.strip img')
    await photos.nth(1).waitFor()
    expect(await photos.count()).toBe(2)
    await dispatcher.page.getByText('138****5678').waitFor()
    await dispatcher.page.getByRole('button', { name: '放大 照片 1 / 2' }).click()
    const large = dispatcher.page.getByRole('dialog').getByRole('img')
    expect(
      await large.evaluate((image: HTMLImageElement) =>
        image.decode().then(() => [image.naturalWidth, image.naturalHeight]),
      ),
    ).toEqual([320, 240])
    expect(await axe(dispatcher.page)).toEqual([])
    await shot(dispatcher.page, 'photo-large')
    await dispatcher.page.getByRole('button', { name: '下一张' }).click()
    await dispatcher.page.getByRole('dialog', { name: '照片 2 / 2' }).waitFor()
    expect(dispatcher.complaints).toEqual([])
  })

  it('says of each photo what is wrong with it, and leaves without none unnoticed', async () => {
    const visited = await open()
    const { page } = visited
    const small = await page.screenshot({ type: 'jpeg', clip: { x: 0, y: 0, width: 40, height: 40 } })
    const photo = (name: string, buffer = small, mimeType = 'image/jpeg') => ({ name, mimeType, buffer })
    await page
      .locator('input[type=file]')
      .setInputFiles([
        photo('a.jpg'),
        photo('notes.txt', Buffer.from('hello'), 'text/plain'),
        photo('broken.jpg', Buffer.from('\xff\xd8\xff\xe0 no picture', 'latin1')),
        photo('b.jpg'),
        photo('c.jpg'),
        photo('d.jpg'),
      ])
    await page.getByText('只收 JPEG、PNG、WebP 图片').waitFor()
    await page.getByText('最多 5 张，有 1 张没有加入').waitFor()
    const broken = page.locator('.picker li', { hasText: 'broken.jpg' })
    await broken.getByRole('alert').waitFor()
    await expect.poll(() => page.locator('.picker progress').count()).toBe(0)
    await send(visited)
    await page.getByText('有照片没有上传成功').waitFor()
    await page.getByRole('button', { name: '移除第 3 张照片' }).click()
    await page.getByRole('button', { name: '移除第 2 张照片' }).click()
    await send(visited)
    await page.getByRole('dialog', { name: '已收到您的上报' }).waitFor()
  })

  it('takes pasted and dropped photos', async () => {
    const { page } = await open()
    const small = (await page.screenshot({ type: 'jpeg', clip: { x: 0, y: 0, width: 40, height: 40 } })).toString(
      'base64',
    )
    for (const [how, count] of [
      ['paste', 1],
      ['drop', 2],
    ] as const) {
      await page.evaluate(
        ([how, small]) => {
          const file = new File([Uint8Array.from(atob(small), (c) => c.charCodeAt(0))], `${how}.jpg`, {
            type: 'image/jpeg',
          })
          const data = new DataTransfer()
          data.items.add(file)
          document
            .querySelector('.picker')
            ?.dispatchEvent(
              how === 'paste'
                ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
                : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
            )
        },
        [how, small] as const,
      )
      await expect.poll(() => page.locator('.picker li.done').count()).toBe(count)
    }
  })

  it('has no channel of the intake to choose', async () => {
    const { page } = await open()
    expect(await page.getByRole('combobox', { name: '来源' }).locator('option').allTextContents()).toEqual([
      '居民',
      '新就业群体',
    ])
  })

  it('is made on the phone', async () => {
    const visited = await open({ size: 'phone' })
    await visited.page.getByRole('button', { name: '添加照片' }).scrollIntoViewIfNeeded()
    expect(await axe(visited.page)).toEqual([])
    await shot(visited.page, 'report-phone')
    await send(visited)
    const dialog = visited.page.getByRole('dialog', { name: '已收到您的上报' })
    await dialog.waitFor()
    expect(await axe(visited.page)).toEqual([])
    await shot(visited.page, 'receipt-phone')
    const box = await dialog.locator('.secret').boundingBox()
    expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(390)
  })
})

describe('a report of the intake', () => {
  it('names the hotline as its source', async () => {
    const visited = await open({ as: 'demo-dispatcher' })
    const { page } = visited
    await page.getByRole('combobox', { name: '来源' }).selectOption({ label: '12345热线' })
    expect(await page.getByRole('textbox', { name: '电话' }).getAttribute('autocomplete')).toBe('off')
    await send(visited)
    await page.getByRole('button', { name: '我已记下' }).click()
    await page.getByRole('button', { name: '查看事件' }).click()
    await page.getByRole('region', { name: '事件' }).getByText('12345热线').waitFor()
  })

  it('is a worker’s own in the own area, and a resident’s elsewhere', async () => {
    const { account } = await get<{ account: { roles: { area: string }[] } }>('/api/v1/session', 'demo-worker')
    const own = await get<Feature>(`/api/v1/areas/${account.roles[0]?.area}?geometry=false`)
    const { page } = await visit(`/#pin=${own.properties.label.join(',')}`, { as: 'demo-worker' })
    await page.getByRole('button', { name: '在此上报' }).click()
    expect(await page.getByRole('combobox', { name: '来源' }).inputValue()).toBe('worker')
    const { features } = await get<{ features: Feature[] }>('/api/v1/areas?geometry=false&level=town&limit=100')
    const other = features.find(({ id }) => !account.roles[0]?.area.startsWith(id)) as Feature
    await page.goto(`${base}/#pin=${other.properties.label.join(',')}`)
    await page.getByRole('region', { name: '在此上报' }).waitFor()
    await expect.poll(() => page.getByRole('combobox', { name: '来源' }).locator('option').count()).toBe(2)
  })
})

import { t } from '../i18n/index.ts'
import { ApiError, failure } from './client.ts'
import type { NewPhoto } from './types.ts'

/** What the server takes for a photo. */
export const PHOTO_TYPES = ['image/jpeg', 'image/png', 'image/webp']

/**
 * Sends a photo for a report that is yet to come. XMLHttpRequest, because fetch does not tell how much has been sent: `progress`
 * hears parts from 0 to 1.
 */
export function uploadPhoto(photo: Blob, progress: (part: number) => void, signal: AbortSignal): Promise<NewPhoto> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/v1/photos')
    request.responseType = 'json'
    request.setRequestHeader('Content-Type', photo.type)
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0)
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response as NewPhoto)
      else reject(failure(request.status, request.response, request.getResponseHeader('Retry-After')))
    }
    request.onerror = () => reject(new ApiError(t('app.offline'), 0, ''))
    request.onabort = () => reject(new DOMException('the upload was cancelled', 'AbortError'))
    signal.addEventListener('abort', () => request.abort())
    request.send(photo)
  })
}

/* The names that the pages use for the types of the API. They come from the server's OpenAPI document (npm run gen). */
import type { components } from './schema.gen.ts'

type Schemas = components['schemas']

/** What the document cannot say: an object behind a $ref may be null. */
type With<T, Changed> = Omit<T, keyof Changed> & Changed

export type Crs = 'wgs84' | 'gcj02' | 'bd09'
/** Longitude, latitude in degrees; the generated types do not carry the length of a list. */
export type Pair = [lon: number, lat: number]
/** West, south, east, north in degrees. */
export type Box = [west: number, south: number, east: number, north: number]

export type About = With<Schemas['About'], { notice: Schemas['Notice'] | null; bounds: Box | null }>
export type Snap = With<Schemas['SnapAnswer'], { branch: Schemas['SnapBranch'] | null; coordinates: Record<Crs, Pair> }>
type Properties = With<Schemas['AreaProperties'], { branch: Schemas['AreaBranch'] | null; label: Pair }>
export type AreaFeature = With<Omit<Schemas['AreaFeature'], 'geometry'>, { properties: Properties; bbox: Box }>
export type Item = Schemas['Item']
export type Station = Schemas['StationResource']
export type Incident = Schemas['IncidentResource']
/** One incident with what only its own page shows. */
export type IncidentDetail = With<Schemas['IncidentDetail'], { reporter: Schemas['IncidentMaskedReporter'] | null }>
export type Report = Pick<
  Schemas['IncidentNewReport'],
  'lon' | 'lat' | 'item' | 'channel' | 'title' | 'description' | 'reporter' | 'photos'
>
export type Reported = Schemas['IncidentCreated']
export type Receipt = Schemas['IncidentReceiptResource']
export type Unsealed = Schemas['IncidentUnsealed']
export type Followed = Schemas['IncidentFollowed']
/** A ticket of the 12345 hotline. */
export type Ticket = Schemas['HotlineResource']
export type TicketDetail = With<Schemas['HotlineDetail'], { caller: Schemas['HotlineMaskedCaller'] | null }>
export type LaterCall = Schemas['HotlineCallResource']
export type UnsealedCaller = Schemas['HotlineUnsealedCaller']
export type NewPhoto = With<Schemas['PhotoUploaded'], { position: Schemas['PhotoPosition'] | null }>
export type TileJson = Schemas['TileJSON']
export type Problem = Schemas['Problem']

/** Who is logged in; account is null where nobody is. */
export type Session = With<
  Schemas['AccountSessionState'],
  { account: Account | null; single_sign_on: Schemas['AccountSingleSignOn'] | null }
>
export type Account = Schemas['AccountSessionAccount']
export type OwnSession = Schemas['AccountOwnSession']
export type FactorOffer = Schemas['AccountOfferBody']

// drover/tokens: tokens that any instance issues and checks, refreshed safely, and revoked everywhere within milliseconds.
export { tokens } from './create.ts'
export { tokenVerifier } from './verifier.ts'
export { accessTokenIn, clearingTokenCookies, refreshTokenIn, tokenBody, tokenCookies } from './responses.ts'
export { tokenEventNames } from './events.ts'
export type { AccessToken, VerifyOptions } from './access-checks.ts'
export type { FeedEvent, TokenEvent, TokenEventName } from './events.ts'
export type { GivenKey, GivenKeys, RemoteKey } from './given-ring.ts'
export type { TokenPair } from './issued.ts'
export type { JwksAnswer } from './jwks.ts'
export type { KeySource } from './key-ring.ts'
export type { RefreshedFamily, TokensOptions, WhenCut } from './options.ts'
export type { TokenBody, TokenCookieOptions } from './responses.ts'
export type { FeedState } from './revocations.ts'
export type { RemoteSign, TokenAlgorithm, VerifyAlgorithm } from './signing.ts'
export type { RotateOptions } from './token-keys.ts'
export type {
  FamilyTurn,
  KeyRingRecord,
  LiveFamily,
  Revocation,
  RevocationFollower,
  TokenFamily,
  TokenStore,
  TurnOutcome,
} from './token-store.ts'
export type { IssueOptions, RevokeAllTokensOptions, TokenReader, Tokens } from './tokens.ts'
export type { TokenVerifier, TokenVerifierOptions } from './verifier.ts'

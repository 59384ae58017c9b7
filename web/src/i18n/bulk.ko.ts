import type { bulk as english } from "./bulk.en";

const count = (value: number) => new Intl.NumberFormat("ko").format(value);

export const bulk: typeof english = {
  heading: "여러 문자열 보내기",
  lead: "한 줄이 문자열 하나입니다. 직접 입력하거나 텍스트 파일로 보내면 각각 정확히 한 번 저장됩니다.",
  label: "여러 줄 텍스트",
  placeholder: "한 줄에 문자열 하나씩",
  check: "내용 확인",
  chooseFile: "파일 선택",
  fileHint: "또는 여기에 끌어다 놓으세요. 일반 텍스트나 CSV, 최대 20 MiB",
  pasted: "입력한 텍스트",
  back: "뒤로",
  attached: (lines) => `입력한 텍스트 ${count(lines)}줄`,
  remove: "지우기",
  removing: "텍스트를 지우시겠습니까?",
  removingHint: "아직 보내지 않은 텍스트이며, 이 페이지에서 삭제됩니다.",
  removingUnsure: "이미 보냈을 수 있는 텍스트이며, 이 페이지에서 삭제됩니다.",
  unsure:
    "이 텍스트는 이미 보냈을 수 있습니다. 보냈는지 기록된 브라우저 저장소를 읽을 수 없으니, 이 페이지의 다른 탭을 닫은 뒤 새로 고치세요. 그대로 다시 보내면 두 번 저장될 수 있습니다.",
  useAnyway: "그래도 사용",
  faults: {
    "too-big": "파일이 20 MiB보다 큽니다. 나누어 보내세요.",
    several: "파일은 한 번에 하나만 보낼 수 있습니다. 하나만 선택하세요.",
    unreadable: "파일을 읽을 수 없습니다. 다시 선택하세요.",
    nothing: "모든 줄이 비어 있어 보낼 것이 없습니다.",
    surrogate:
      "깨진 문자(짝이 맞지 않는 서로게이트)가 들어 있어 저장할 수 없습니다. 지운 뒤 다시 확인하세요.",
  },
  reading: (name) => `${name} 읽는 중…`,
  readingBar: "읽은 양",
  notUtf8: (name) => `${name}: UTF-8이 아닙니다`,
  notUtf8At: (line) => `${count(line)}번째 줄에 UTF-8이 아닌 문자가 있습니다.`,
  notText: (name) => `${name}: 텍스트 파일이 아닙니다`,
  binary: {
    workbook: "스프레드시트 파일입니다. ‘CSV UTF-8’로 저장한 뒤 그 파일을 선택하세요.",
    other: "텍스트나 CSV 파일을 선택하세요. PDF라면 텍스트를 복사해 여기에 붙여넣으세요.",
  },
  column: {
    label: "보낼 내용",
    none: "줄 전체",
    name: (number, name) => `${number}열: ${name}`,
    named: "첫 행은 열 이름입니다",
  },
  looksUtf16: "UTF-16 파일로 보입니다.",
  looksKorean: "한글 파일에 많이 쓰이는 EUC-KR(CP949)로 읽을 수 있습니다. 아래 내용이 맞게 보입니까?",
  readAsKorean: "예, EUC-KR로 읽기",
  saveAsUtf8:
    "파일을 만든 프로그램에서 UTF-8로 저장한 뒤 다시 선택하세요. 메모장에서는 ‘다른 이름으로 저장’에서 인코딩을 UTF-8로, Excel에서는 파일 형식을 ‘CSV UTF-8’로 고르면 됩니다.",
  ready: (name) => `${name}: 보낼 준비가 되었습니다`,
  examples: "미리 보기",
  counts: {
    lines: "전체 줄",
    empty: "빈 줄",
    bad: "저장할 수 없음",
    strings: "보낼 문자열",
    leftOut: "제외됨",
    refused: "거부됨",
    unsent: "보내지 않음",
    unknown: "결과를 알 수 없음",
    accepted: "접수됨",
  },
  badHeading: (bad) => `저장할 수 없는 줄 ${count(bad)}개`,
  refusedHeading: (bad) => `거부된 줄 ${count(bad)}개`,
  lineFault: (line, detail) => `${count(line)}번째 줄: ${detail}`,
  lineFaults: {
    nul: "NUL 문자가 들어 있습니다.",
    surrogate: "깨진 문자(짝이 맞지 않는 서로게이트)가 들어 있습니다.",
    "too-long": "64 KiB보다 깁니다.",
  },
  moreFaults: (more) => `그 밖에 ${count(more)}개`,
  nothingLeft: "보낼 수 있는 줄이 없습니다.",
  send: (value) => `문자열 ${count(value)}개 보내기`,
  sendWithout: (value) => `나머지 ${count(value)}개 보내기`,
  saving: "내용을 저장하고 있습니다. 저장되었는지 확인될 때까지 바꿀 수 없습니다.",
  kept: "이 탭에서 준비하던 다른 내용은 그대로 남아 있습니다. 이 전송을 완료한 뒤 보낼 수 있습니다.",
  sending: (name) => `${name} 보내는 중`,
  sendingBar: "보낸 양",
  acceptedOf: (accepted, all) => `문자열 ${count(all)}개 중 ${count(accepted)}개 접수됨`,
  rate: (perSecond, left) => `초당 ${perSecond}개, 약 ${left} 남음`,
  pausing: "일시 중지하는 중입니다.",
  paused: "일시 중지했습니다.",
  unsettled: (value) => `문자열 ${count(value)}개는 접수되었는지 아직 알 수 없습니다.`,
  stopped: (detail) => `서비스가 요청을 거부하여 멈췄습니다(${detail}).`,
  resumeHint: "계속하면 다시 시도합니다.",
  waiting: (reason) => `재전송 대기 중: ${reason}`,
  elsewhere: "이 브라우저의 다른 탭에서 보내는 중입니다.",
  notKept: {
    denied: "이 브라우저에는 저장할 수 없습니다. 다 보낼 때까지 이 페이지를 열어 두세요.",
    closed: "이 브라우저가 이 페이지의 저장소를 닫았습니다. 다시 열릴 때까지 이 페이지를 열어 두세요.",
    "no-room": "이 브라우저에 내용을 보관할 공간이 없습니다. 다 보낼 때까지 이 페이지를 열어 두세요.",
    silent: "이 브라우저의 저장소가 응답하지 않습니다. 다 보낼 때까지 이 페이지를 열어 두세요.",
    failed: "이 브라우저의 저장소를 읽을 수 없습니다. 다 보낼 때까지 이 페이지를 열어 두세요.",
  },
  unread: {
    silent:
      "이 브라우저의 저장소가 응답하지 않아, 새로 고치면 내용이 사라집니다. 이전에 보내던 내용이 저장소에 남아 있을 수 있으니, 이 페이지의 다른 탭을 닫은 뒤 새로 고치세요.",
    failed:
      "이 브라우저의 저장소를 읽을 수 없어, 새로 고치면 내용이 사라집니다. 이전에 보내던 내용이 저장소에 남아 있을 수 있습니다. 디스크가 가득 찼다면 공간을 확보하고, 브라우저를 다시 시작한 뒤 새로 고치세요.",
  },
  repeat: {
    heading: "그래도 보내시겠습니까?",
    hint: "지금 읽을 수 없는 브라우저 저장소에 이전에 보내던 내용이 남아 있을 수 있으며, 저장소를 다시 읽을 수 있게 되면 이어서 보냅니다. 같은 내용이라면 두 번 저장됩니다.",
    confirm: "그래도 보내기",
    cancel: "보내지 않기",
  },
  storageFailed:
    "이 브라우저의 저장소에 문제가 생겼습니다. 페이지를 새로 고치세요. 이미 접수된 문자열은 사라지지 않습니다.",
  vanished: (accepted, all) =>
    accepted < all
      ? `이 브라우저에서 이 사이트의 데이터가 삭제되어 보내던 내용도 사라졌습니다. 문자열 ${count(all)}개 중 적어도 ${count(accepted)}개는 접수되었습니다. 나머지를 다시 보내기 전에 기록에서 무엇이 저장되었는지 확인하세요.`
      : `이 브라우저에서 이 사이트의 데이터가 삭제되어 처리 결과도 사라졌습니다. 문자열 ${count(all)}개는 모두 접수되었습니다.`,
  pause: "일시 중지",
  resume: "계속",
  cancel: "취소",
  mayLeave: "페이지를 떠나거나 새로 고쳐도 이어서 보냅니다.",
  cancelHint: "취소해도 이미 접수된 문자열은 그대로 처리되며, 나머지는 나중에 보낼 수 있습니다.",
  finishing: (underWay) => `보내던 문자열 ${count(underWay)}개의 결과를 기다리는 중`,
  finishingHint:
    "서비스가 이 문자열을 이미 접수했을 수 있습니다. 응답이 오면 처리 결과가 표시됩니다. 나머지는 보내지 않습니다.",
  leave: "기다리지 않기",
  allSent: (accepted) => `모두 보냈습니다. 문자열 ${count(accepted)}개가 접수되었습니다`,
  cancelled: (accepted) => `취소했습니다. 문자열 ${count(accepted)}개가 접수되었습니다`,
  allStored: "모두 저장되었습니다.",
  fates: (stored, failed, open) =>
    [
      (stored > 0 || open === 0) && `${count(stored)}개 저장됨`,
      failed > 0 && `${count(failed)}개 실패`,
      open > 0 && `${count(open)}개 확인 중`,
    ]
      .filter(Boolean)
      .join(", "),
  gone: (gone) =>
    `문자열 ${count(gone)}개는 더 이상 없습니다. 운영자가 폐기했거나 대기열에서 유실되었습니다.`,
  seeFailed: "실패한 문자열 보기",
  unknownOutcome: (unknown) =>
    `문자열 ${count(unknown)}개가 접수되었는지 서비스가 아직 응답하지 않았습니다. 나머지를 보내면 알 수 있으며, 두 번 저장되지 않습니다.`,
  sendRest: (rest) => `남은 문자열 ${count(rest)}개 보내기`,
  saveCsv: "처리 결과를 CSV로 저장",
  saveNdjson: "처리 결과를 NDJSON으로 저장",
  done: "완료",
  doneHint:
    "각 줄의 ID와 거부된 줄의 이유가 담긴 이 처리 결과는 완료를 누를 때까지 이 브라우저에 보관됩니다.",
  goneHint:
    "각 줄의 ID와 거부된 줄의 이유가 담긴 이 처리 결과는 페이지를 닫거나 새로 고치면 사라집니다. 저장해 두세요.",
  delete: {
    heading: "이 처리 결과를 삭제하시겠습니까?",
    confirm: "삭제",
    keep: "그대로 두기",
    unsent: (unsent) => `보내지 않은 문자열 ${count(unsent)}개가 이 브라우저에서 삭제됩니다.`,
    unknown: (unknown) => `문자열 ${count(unknown)}개가 접수되었는지 더 이상 확인할 수 없게 됩니다.`,
    receipt: "처리 결과를 아직 저장하지 않았습니다. 문자열의 ID는 이 처리 결과에만 있습니다.",
  },
};

"""Hindi texts of notifications, and the parts that they are made of."""

from collections.abc import Mapping
from typing import Final

from domain.notifications.text_table import Key, Text
from schemas.notifications import MessageKind, Recipient

_VICTIM, _HOLDER, _BANK = Recipient.VICTIM, Recipient.HOLDER, Recipient.BANK
_IO, _OFFICER = Recipient.IO, Recipient.OFFICER

TEXTS: Final[Mapping[Key, Text]] = {
    (MessageKind.MONEY_HELD, _VICTIM): Text(
        "{amount} पर रोक",
        "मामला {case}: आपके {amount} पर बैंक में रोक लगा दी गई है। इसे लौटाने के लिए कोई आपसे शुल्क नहीं माँग सकता।"
        " अधिकारी: {officer}। {my_page} पर देखें।",
    ),
    (MessageKind.HOLD, _HOLDER): Text(
        "आपके खाते में {amount} पर रोक",
        "मामला {case}: पुलिस के अनुरोध पर {bank} के आपके खाते ..{end} में {amount} पर रोक है। अधिकारी: {officer}।"
        " निःशुल्क अपील: संदर्भ {reference}, {where}।",
    ),
    (MessageKind.APPLICATION_READY, _VICTIM): Text(
        "आपका आवेदन तैयार है",
        "मामला {case}: {amount} की वापसी का आपका आवेदन तैयार है। कृपया {until} तक {my_page} पर कोड से या अपने"
        " अधिकारी के पास हस्ताक्षर करें; कोई शुल्क नहीं। अधिकारी: {officer}",
    ),
    (MessageKind.APPLICATION_SIGNED, _VICTIM): Text(
        "आपके आवेदन पर हस्ताक्षर हुए",
        "मामला {case}: {amount} को खाते {to_account} में लौटाने के आपके आवेदन पर कोड से हस्ताक्षर हुए। यदि आपने नहीं किए तो तुरंत"
        " अधिकारी को बताएँ: {officer}",
    ),
    (MessageKind.MY_CASE_CODE, _VICTIM): Text(
        "आपका कोड",
        "पुलिस के पृष्ठ के लिए आपका कोड {code} है, {until_time} तक मान्य। इसे किसी को न बताएँ: न पुलिस, न बैंक यह माँगते हैं।",
    ),
    (MessageKind.SIGNATURE_CODE, _VICTIM): Text(
        "हस्ताक्षर का कोड",
        "पुलिस के पृष्ठ पर पढ़े गए आवेदन पर हस्ताक्षर का कोड {code} है, {until_time} तक मान्य। इसे किसी को न बताएँ: न पुलिस, न बैंक यह"
        " माँगते हैं।",
    ),
    (MessageKind.OBJECTION_WINDOW, _VICTIM): Text(
        "आपत्ति का समय",
        "मामला {case}: खाताधारक {until} तक आपको {amount} लौटाने पर आपत्ति कर सकता है। आपको कुछ नहीं करना है।"
        " {my_page} पर देखें।",
    ),
    (MessageKind.OBJECTION_WINDOW, _HOLDER): Text(
        "आपके खाते से {amount} की वापसी",
        "मामला {case}: आपके खाते में रोके गए {amount} पीड़ित को लौटाए जाने हैं। आप {until} तक आपत्ति कर सकते हैं:"
        " संदर्भ {reference}, {where}।",
    ),
    (MessageKind.VICTIM_CORRECTED, _VICTIM): Text(
        "आपका संपर्क बदला गया",
        "मामला {case}: अधिकारी ने हमारे पास आपका नाम, नंबर या ई-मेल बदला है। यदि आपने यह नहीं कहा तो तुरंत अधिकारी को"
        " बताएँ: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_TOLD, _VICTIM): Text(
        "जमा हेतु दूसरा खाता",
        "मामला {case}: अधिकारी ने आपका पैसा जमा करने हेतु खाता {to_account} लिखा है। यदि आपने यह नहीं कहा तो तुरंत"
        " बताएँ{reply_at}। अधिकारी: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_CONFIRMED, _VICTIM): Text(
        "दूसरे खाते की पुष्टि",
        "मामला {case}: आपका पैसा खाता {to_account} में जमा होगा। यदि आपने यह नहीं कहा तो {until_time} तक"
        " बताएँ{reply_at}। अधिकारी: {officer}",
    ),
    (MessageKind.CREDIT_ACCOUNT_ENDED, _VICTIM): Text(
        "खाते में जमा नहीं होगा",
        "मामला {case}: आपका पैसा अब खाता {to_account} में जमा नहीं होगा। आपके अधिकारी बताएँगे: {officer}",
    ),
    (MessageKind.CONTACT_REPLACED, _HOLDER): Text(
        "आपके खाते का दूसरा संपर्क",
        "मामला {case}: अधिकारी ने {bank} के खाते ..{end} के धारक का दूसरा संपर्क लिखा है। यदि आपने नहीं दिया तो अपने बैंक और"
        " अधिकारी को तुरंत बताएँ: {officer}",
    ),
    (MessageKind.CONTACT_REPLACED, _BANK): Text(
        "आपके ग्राहक का दूसरा संपर्क",
        "मामला {case}: अधिकारी ने आपके यहाँ खाता {account} के धारक का दूसरा संपर्क लिखा है। यदि ग्राहक ने नहीं दिया तो आज ही"
        " बताएँ। अधिकारी: {officer}",
    ),
    (MessageKind.HEARING_WAIVED, _HOLDER): Text(
        "आपकी अनापत्ति दर्ज",
        "मामला {case}: दर्ज है कि आपके खाते से {amount} की वापसी पर आपको आपत्ति नहीं। यदि ग़लत है तो {until_time} तक"
        " आपत्ति करें: संदर्भ {reference}, {where}।",
    ),
    (MessageKind.APPEAL_CODE, _HOLDER): Text(
        "आपका कोड",
        "संदर्भ {reference} के लिए आपका कोड {code} है, {until_time} तक मान्य। इसे किसी को न बताएँ: न पुलिस, न बैंक यह माँगते हैं।",
    ),
    (MessageKind.APPROVED, _VICTIM): Text(
        "वापसी स्वीकृत",
        "मामला {case}: आपको {amount} की वापसी स्वीकृत हुई। बैंक को खाता {to_account} में जमा करने का आदेश है। {my_page} पर देखें।",
    ),
    (MessageKind.CREDITED, _VICTIM): Text(
        "{amount} जमा",
        "मामला {case}: बैंक के अनुसार {amount} खाता {to_account} में जमा हुए, UTR {reference}। यदि न मिले हों तो अपने अधिकारी"
        " को बताएँ: {officer}",
    ),
    (MessageKind.REFUSED, _VICTIM): Text(
        "वापसी अस्वीकृत",
        "मामला {case}: आपको {amount} की वापसी अस्वीकृत हुई। कारण आपके अधिकारी बताएँगे: {officer}। {my_page} पर देखें।",
    ),
    (MessageKind.REST_REFUSED, _VICTIM): Text(
        "शेष राशि की वापसी अस्वीकृत",
        "मामला {case}: {restored} आपको लौट चुके हैं। शेष {amount} की वापसी अस्वीकृत हुई। कारण आपके अधिकारी बताएँगे: {officer}"
        "। {my_page} पर देखें।",
    ),
    (MessageKind.TRANSFER_OF_ANOTHER, _VICTIM): Text(
        "लेन-देन दूसरी शिकायत में गिना गया",
        "मामला {case}: दो अधिकारियों ने निर्णय किया कि {amount} का लेन-देन दूसरी शिकायत में गिना जाएगा। यह ग़लत हो तो {officer}"
        " को बताएँ। {my_page} पर देखें।",
    ),
    (MessageKind.HOLD_KEPT, _HOLDER): Text(
        "न्यायालय ने {amount} पर रोक जारी रखी",
        "मामला {case}: {court} के आदेश से आपके खाते ..{end}, {bank} में {amount} पर रोक जारी है। हटवाने के लिए उसी"
        " न्यायालय में आवेदन करें। अधिकारी: {officer}",
    ),
    (MessageKind.RELEASE_PROPOSED, _VICTIM): Text(
        "रोकी गई राशि छोड़ी जानी है",
        "मामला {case}: आपकी रोकी गई राशि में से {amount} खाताधारक के लिए छोड़े जाने हैं। आपत्ति हो तो {until_time} तक अपने"
        " अधिकारी को बताएँ; कोई शुल्क नहीं। अधिकारी: {officer}",
    ),
    (MessageKind.CANCELLED, _VICTIM): Text(
        "वापसी रद्द",
        "मामला {case}: आपको {amount} की वापसी रद्द हुई। कारण और आगे का उपाय आपके अधिकारी बताएँगे: {officer}"
        "। {my_page} पर देखें।",
    ),
    (MessageKind.RESTORED, _VICTIM): Text(
        "वापसी पूर्ण",
        "मामला {case}: आपकी राशि की वापसी पूर्ण हुई: {restored} आपको लौट चुके हैं। अधिकारी: {officer}। {my_page} पर देखें।",
    ),
    (MessageKind.NOTHING_HELD, _VICTIM): Text(
        "राशि अब रोकी हुई नहीं",
        "मामला {case}: जो राशि आपको लौटनी थी वह अब रोकी हुई नहीं है। कारण और आगे का उपाय आपके अधिकारी बताएँगे: {officer}"
        "। {my_page} पर देखें।",
    ),
    (MessageKind.LAPSE_WARNING, _VICTIM): Text(
        "रोक शीघ्र समाप्त",
        "मामला {case}: आपके {amount} पर रोक {days} दिन में समाप्त होगी, यदि तब तक कोई आदेश न हो। कृपया अपने अधिकारी से"
        " बात करें: {officer}। {my_page} पर देखें।",
    ),
    (MessageKind.LAPSE_WARNING, _IO): Text(
        "रोक शीघ्र समाप्त", "मामला {case}: {amount} पर रोक {days} दिन में समाप्त होगी, यदि तब तक कोई आदेश न हो।"
    ),
    (MessageKind.HOLD_LAPSED, _HOLDER): Text(
        "{amount} पर रोक समाप्त",
        "मामला {case}: कोई आदेश न होने से आपके खाते में {amount} पर रोक समाप्त हो रही है। बैंक को इसे हटाने का आदेश है; हटने पर"
        " हम बताएँगे। संदर्भ {reference}। अधिकारी: {officer}",
    ),
    (MessageKind.HOLD_LAPSED, _VICTIM): Text(
        "रोक समाप्त",
        "मामला {case}: समय पर कोई आदेश न होने से आपके {amount} पर रोक समाप्त हो गई है। बैंक को राशि खाताधारक के लिए छोड़ने"
        " का आदेश है। अधिकारी: {officer}",
    ),
    (MessageKind.HOLD_LAPSED, _IO): Text(
        "रोक समाप्त", "मामला {case}: {amount} पर रोक बिना आदेश के समाप्त हो गई। बैंक को इसे हटाने का आदेश है।"
    ),
    (MessageKind.HOLD_RELEASED, _HOLDER): Text(
        "{amount} पर रोक हटी",
        "मामला {case}: बैंक के अनुसार आपके खाते में {amount} पर अब रोक नहीं है। संदर्भ {reference}। अधिकारी: {officer}",
    ),
    (MessageKind.GRIEVANCE_CODE, _HOLDER): Text(
        "आपका कोड",
        "संदर्भ {reference} के लिए आपका कोड {code} है, {until_time} तक मान्य। इसे किसी को न बताएँ: न पुलिस, न बैंक यह माँगते हैं।",
    ),
    (MessageKind.LINK_CODE, _BANK): Text(
        "आपका कोड",
        "मामला {case}: पुलिस के पृष्ठ पर आपके बैंक के कथन की पुष्टि का कोड {code} है, {until_time} तक मान्य। इसे केवल वहीं भरें।"
        " यदि आपके बैंक में किसी ने इसे नहीं माँगा, तो पुलिस को कॉल करें।",
    ),
    (MessageKind.GRIEVANCE_DECIDED, _HOLDER): Text(
        "आपकी अपील {number} पर निर्णय",
        "मामला {case}: आपकी अपील {number} पर निर्णय: {decision}। {further}",
    ),
    (MessageKind.FIR_TO_SIGN, _VICTIM): Text(
        "कृपया ई-ज़ीरो FIR पर हस्ताक्षर करें",
        "मामला {case}: आपकी ई-ज़ीरो FIR {reference} दर्ज है। {until_time} तक थाने में हस्ताक्षर न करने पर यह समाप्त हो"
        " जाएगी। कोई शुल्क नहीं। अधिकारी: {officer}",
    ),
    (MessageKind.DOCUMENT_FOR_BANK, _BANK): Text(
        "सूचना {reference}",
        "मामला {case}: पुलिस की सूचना {reference} संलग्न है। कृपया आज ही उस पर कार्रवाई करें। अधिकारी: {officer}",
    ),
    (MessageKind.STATUS_LETTER, _VICTIM): Text(
        "आपका पैसा कहाँ है",
        "मामला {case}: आपके {amount} पर रोक है, {restored} आपको लौट चुके हैं। आगे: {next}। विवरण पत्र {reference} में: ई-मेल से, या"
        " अधिकारी से: {officer}",
    ),
    (MessageKind.DUTY_DUE, _IO): Text("देय: {duty}", "मामला {case}: {duty} {until_time} तक देय है। कृपया आज ही पूरा करें।"),
    (MessageKind.DUTY_DUE, _OFFICER): Text(
        "विलंबित: {duty}", "मामला {case}: {duty} {until_time} तक देय था और पूरा नहीं हुआ। कृपया देखें।"
    ),
    **dict.fromkeys(
        [(MessageKind.STEP_DUE, _IO), (MessageKind.STEP_DUE, _OFFICER)],
        Text("देय: {step}", "मामला {case}: {step}: {until_time} तक देय। कृपया पूरा करें।"),
    ),
    (MessageKind.COURT_HEARING, _IO): Text(
        "{until} को सुनवाई", "मामला {case}: {until} को {court} में सुनवाई है। कृपया फ़ाइल साथ लाएँ।"
    ),
    (MessageKind.STEP_OVERDUE, _OFFICER): Text(
        "विलंबित: {step}", "मामला {case}: {step}: {until_time} तक देय था और पूरा नहीं हुआ। कृपया देखें।"
    ),
    (MessageKind.ALARM, _OFFICER): Text(
        "अधिकारी ने {amount} की वापसी रद्द की",
        "मामला {case}: एक अधिकारी ने पीड़ित को {amount} की वापसी रद्द की। कृपया आज ही देखें।",
    ),
    (MessageKind.GRIEVANCE_TURN, _BANK): Text(
        "आपके ग्राहक की अपील {number}",
        "मामला {case}: आपके यहाँ खाता {account} के धारक ने रोक के विरुद्ध अपील की है (अपील {number})। कृपया {until_time} तक"
        " इस ग्राहक की जानकारी दें। अधिकारी: {officer}",
    ),
    **dict.fromkeys(
        [(MessageKind.GRIEVANCE_TURN, _IO), (MessageKind.GRIEVANCE_TURN, _OFFICER)],
        Text(
            "अपील {number}", "मामला {case}: {amount} की रोक के विरुद्ध अपील {number} पर {until_time} तक आपको निर्णय करना है।"
        ),
    ),
    (MessageKind.GRIEVANCE_OVERDUE, _OFFICER): Text(
        "विलंबित: अपील {number}",
        "मामला {case}: अपील {number} पर {until_time} तक निर्णय होना था; इसके ऊपर कोई स्तर नहीं है। कृपया देखें।",
    ),
    (MessageKind.NEWS, _VICTIM): Text(
        "आपके लिए सूचना",
        "संख्या {case}: आपके लिए नई सूचना है। अकेले होने पर इस संख्या और कोड से देखें।",
    ),
    (MessageKind.COMPLAINT_CODE, Recipient.COMPLAINANT): Text(
        "आपका कोड",
        "आपका कोड {code} है, {until_time} तक मान्य। इसे किसी को न बताएँ: फ़ोन पर कोई इसे नहीं माँग सकता।",
    ),
    (MessageKind.COMPLAINT_LINK, Recipient.COMPLAINANT): Text(
        "अपना फ़ॉर्म आगे भरें",
        "अपना फ़ॉर्म आगे भरें{form_at}। कोड {reference}, {until_time} तक मान्य।",
    ),
    (MessageKind.WORK_ITEMS, _OFFICER): Text(
        "आपके लिए प्रतीक्षारत काम: {items}",
        "आपके लिए प्रतीक्षारत काम: {items}। पहला: {task}, मामला {case}, कम से कम {amount} की खोज जारी। कृपया देखें{reply_desk}",
    ),
}

WORDS: Final[Mapping[str, str]] = {
    "where": "अपने बैंक या साइबर थाने में",
    "at": "{link}",
    "my_page": "पुलिस के पृष्ठ मेरी शिकायत",
    "reply_at": ": {link}",
    "form_at": ": {link}",
    "form_by_call": " हेल्पलाइन 1930 के पृष्ठ पर",
    "reply": " (अधिकारी को)",
    "reply_desk": "।",
    "item_line": "- {task}: मामला {case}, कम से कम {amount} की खोज जारी, {since} से{due}",
    "item_due": ", {until} तक देय",
    "items_more": "और {more}",
    "no_case": "बिना संख्या",
    "officer": "हेल्पलाइन 1930",
    "case": "मामला {case}",
    "footer": "यह पत्र स्वतः भेजा गया है। इसमें कोई पासवर्ड, कोड या भुगतान नहीं माँगा जाता; जो हमारे नाम पर माँगे वह"
    " ठग है: 1930 पर कॉल करें।",
    "forward": "आपके यहाँ खाता {account} के धारक से हमारा संपर्क नहीं हो पा रहा। कृपया निम्न संदेश आज ही उन्हें दें और"
    " बताएँ कि उनसे कैसे संपर्क हो।",
    "forward_subject": "आपके एक खाताधारक के लिए",
    "magistrate_report": "मजिस्ट्रेट को रिपोर्ट",
    "follow_up": "बैंक को अनुवर्ती सूचना",
    "fir_signature": "ई-ज़ीरो FIR पर हस्ताक्षर",
    "upheld": "रोक बनी रहेगी",
    "part_released": "बैंक को {amount} छोड़ने का आदेश है, शेष पर रोक बनी रहेगी",
    "released": "बैंक को {amount} छोड़ने का आदेश है",
    "withdrawn": "अधिकारी ने लिखा है कि आप इसे वापस लेते हैं। यदि यह ग़लत है तो फिर अपील करें",
    "withdrawn_on_page": "इसे अपील पृष्ठ पर वापस लिया गया है। यदि आपने नहीं लिया तो फिर अपील करें",
    "appeal_on": "असहमत हों तो {level} के पास ले जाएँ: संदर्भ {reference}, {where}।",
    "appeal_again": "संदर्भ {reference}, {where}।",
    "appeal_last": "यह अंतिम स्तर था; न्यायालय जा सकते हैं।",
    "appeal_over": "आपको कुछ नहीं करना है।",
    "level_dy_sp": "अपर/उप पुलिस अधीक्षक",
    "level_district_gro": "जनपद शिकायत अधिकारी",
    "level_state_gro": "राज्य शिकायत अधिकारी",
    "next_step": "{step}, {day} तक",
    "next_unknown": "वापसी का कोई चरण अभी नहीं चल रहा",
    "collecting": "बैंक बताएँगे कि राशि कहाँ है",
    "application": "पीड़ित का हस्ताक्षरित आवेदन",
    "verification": "आवेदन का सत्यापन",
    "holder_notice": "खाताधारक की आपत्ति का समय",
    "show_cause": "खाताधारक की सुनवाई",
    "court_order": "न्यायालय का आदेश",
    "lok_adalat_award": "लोक अदालत का अवार्ड",
    "distribution": "ज़िला मजिस्ट्रेट का आदेश",
    "approval": "वापसी की स्वीकृति",
    "credit": "बैंक द्वारा जमा",
    "bond": "पीड़ित का क्षतिपूर्ति बंधपत्र",
}

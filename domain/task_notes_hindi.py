"""The Hindi table of the texts about tasks; `task_notes` has the English one and puts the facts in."""

from collections.abc import Mapping
from typing import Final

from schemas.tasks import TaskCause

HINDI: Final[Mapping[str, str]] = {
    "bank": "बैंक",
    "at_stake": ", {in_play} अभी बच सकते हैं",
    TaskCause.INSTITUTION_UNKNOWN: "बैंक सूची में नहीं है{at_stake}: पता करें कौन-सा बैंक है, फिर लेन-देन सुधारें",
    TaskCause.REFERENCE_MISSING: "संदर्भ नहीं है{at_stake}: पीड़ित के खाता विवरण से RRN या UTR पढ़ें, फिर लेन-देन सुधारें",
    TaskCause.REFERENCE_REFUSED: (
        "{bank} को इस संदर्भ से लेन-देन नहीं मिलता (कोड {code}): पीड़ित के खाता विवरण से RRN या UTR पढ़ें, फिर लेन-देन सुधारें"
    ),
    TaskCause.TRANSFER_NOT_FOUND: (
        "{bank} से दोबारा पूछा गया, लेन-देन नहीं मिला (कोड {code}): पीड़ित से RRN, तारीख और दोनों खाते जँचवाएँ, फिर लेन-देन सुधारें"
    ),
    TaskCause.ANSWER_NOT_UNDERSTOOD: (
        "{bank} का कथन समझ में नहीं आया (कोड {code}{sum}): मामले के उत्तरों में पंक्ति पढ़ें, बैंक से अर्थ पूछें, उसे डेस्क के"
        " कार्यों से दर्ज करें, और यह काम बंद करें"
    ),
    "answer_not_understood.unreadable": (
        "{bank} ने ऐसी पंक्ति भेजी जो पढ़ी नहीं जा सकती ({detail}): उसे मामले के उत्तरों में पढ़ें, और बैंक से दोबारा भेजने को कहें"
    ),
    "answer_not_understood.moved": (
        "{bank} कहता है कि {claimed} उसी लेन-देन से आगे गए जिसके बारे में पूछा गया था: बैंक से पूछें राशि किस लेन-देन से आगे गई,"
        " और वह लेन-देन जोड़ें"
    ),
    TaskCause.DISCREPANCY: "{discrepancy}",
    "discrepancy.exceeds_disputed": (
        "{bank} {claimed} बताता है, लेन-देन में {against} शेष थे: बैंक से पूछें कौन-सी राशि सही है, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.disputed_above_amount": (
        "{bank} {against} के लेन-देन में {claimed} विवादित बताता है: बैंक से सही राशियाँ पूछें, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.held_and_gone": (
        "{bank} उसी राशि को रोकी हुई भी बताता है और गई हुई भी, {claimed} के सामने {against}: बैंक से पूछें सच क्या है, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.balance_below_hold": (
        "{bank} {against} के शेष पर {claimed} की रोक बताता है: बैंक से पूछें कितने पर रोक है, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.held_above_balance": (
        "सब मामले मिलकर {bank} के एक खाते पर {claimed} रोके हैं, जिसमें {against} शेष है: बैंक से पूछें कितने पर रोक है, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.held_by_two": (
        "{bank} ऐसे लेन-देन के {claimed} पर रोक बताता है जिस पर दूसरे बैंक की भी रोक है: दोनों बैंकों से पूछें, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.claimed_twice": (
        "{bank} के बताए {against} के एक लेन-देन के {claimed} बताए गए हैं: बैंक से भाग पूछें, देखें कि कोई शिकायतकर्ता इन्हें"
        " अपना तो नहीं बताता, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.sent_by_two": (
        "{bank} कहता है कि {claimed} ऐसे लेन-देन में गए जिसे दूसरा बैंक अपना बताता है, और इसमें से {against} हो सकते हैं: दोनों"
        " बैंकों से पूछें, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.unasked_hop": (
        "{bank} ऐसे लेन-देन के {claimed} बताता है जो मामले का लेन-देन नहीं है: बैंक से पूछें वह मामले से कैसे जुड़ा है, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.another_banks_hop": ("{bank} दूसरे बैंक में गए लेन-देन के {claimed} बताता है: दोनों बैंकों से पूछें, फिर अंतर सुलझाएँ"),
    "discrepancy.transfer_denied": (
        "{bank} को वह लेन-देन नहीं मिलता जो दूसरे बैंक ने बताया, उसके {claimed}: दोनों बैंकों से पूछें, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.job_unknown": (
        "{bank} ऐसे जॉब में उत्तर देता है जो उसने कभी दिया नहीं: बैंक से पूछें वह किसका उत्तर है, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.credited_above_order": (
        "{bank} आदेश {order_id}{credit} के {claimed} बताता है, आदेश में इसके {against} हैं: बैंक से पूछें उसने क्या किया, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.credited_twice": (
        "{bank} आदेश {order_id}{credit} के {claimed} बताता है, जो दूसरी जमा हो सकती है: बैंक से पूछें क्या उसने दो बार भुगतान"
        " किया, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.credited_elsewhere": (
        "{bank} कहता है कि आदेश {order_id}{credit} के {claimed} आदेश से भिन्न खाते में गए: बैंक से राशि वापस लाने या उसका खाता"
        " दिखाने को कहें, फिर अंतर सुलझाएँ"
    ),
    "discrepancy.credited_other_amount": (
        "{bank} आदेश {order_id}{credit} की जमा {claimed} बताता है, दर्ज {against} है: बैंक से पूछें कौन-सी राशि सही है, फिर"
        " अंतर सुलझाएँ"
    ),
    "discrepancy.credit": " (संदर्भ {reference})",
    TaskCause.DATE_MISSING: "लेन-देन की तारीख नहीं है: {detail}",
    TaskCause.SMALL_TRANSFERS_WITHOUT_SUM: (
        "लेन-देन {id}: बैंक कहता है शेष छोटी राशियों में आगे गया, पर कुल नहीं बताता: खाता विवरण माँगें"
    ),
    TaskCause.TRAIL_LIMIT: (
        "पैसे के रास्ते की सीमा: मामले में और लेन-देन या परतें नहीं जुड़ सकतीं{at_stake}; {bank} के साथ फ़ोन पर राशि का पीछा करें"
    ),
    TaskCause.WAITS_FOR_DESK: "डेस्क की प्रतीक्षा{at_stake}: लेन-देन सुधरवाएँ, नहीं तो उसकी राशि 'पता नहीं' में लिखी जाएगी",
    TaskCause.MORE_OF_EXCLUDED_ON_HOLD: (
        "लेन-देन {id}: इसकी और राशि रोकी गई है, पर लेन-देन अलग रखा है: दोबारा खोलें, नहीं तो रोक समाप्त होगी"
    ),
    TaskCause.REQUEST_SILENT: "{bank} ने उत्तर नहीं दिया{at_stake}: फ़ोन करें",
    TaskCause.CALL_BACK_MISSED: "{bank} ने कहा था कि अनुरोध {id} के बारे में {at} पर फ़ोन करेगा, नहीं किया: फ़ोन करें",
    TaskCause.TELEPHONE_ANSWER_TO_CHECK: (
        "एक अधिकारी ने दर्ज किया कि {bank} ने फ़ोन पर राशि गई हुई बताई, ऐसे उत्तरों से मामले के {claimed}: मामले के फ़ोन उत्तर"
        " पढ़ें, और बैंक से दोबारा पूछें"
    ),
    "telephone_answer_to_check.unknown": (
        "एक अधिकारी ने {bank} का कथन ऐसे नंबर से दर्ज किया जो सूची में नहीं है: मामले के फ़ोन उत्तर पढ़ें, ज्ञात नंबर पर बैंक से दोबारा"
        " पूछें, और नंबर सही हो तो सूची में जुड़वाएँ"
    ),
    TaskCause.REQUEST_REFUSED: (
        "{bank} ने अनुरोध अस्वीकार किया (कोड {code}){at_stake}: जो बताया उसे सुधारें, फिर अनुरोध दोबारा भेजें"
    ),
    TaskCause.REQUEST_NOT_SENT: ("{bank} को अनुरोध नहीं भेजा जा सका ({error}){at_stake}: दोष सुधारें, फिर अनुरोध दोबारा भेजें"),
    TaskCause.BANK_PERSON_CODE_UNSENT: (
        "{bank} ने अपने इनबॉक्स में एक व्यक्ति जोड़ा ({at}), और कोड वाला पत्र नहीं भेजा जा सका: उसके नोडल अधिकारी को फ़ोन करें,"
        " उस व्यक्ति का, या निर्देशिका में नोडल अधिकारी का, ई-मेल ठीक करवाएँ, और बैंक से नया कोड भिजवाने को कहें"
    ),
    TaskCause.BANK_PERSON_NOT_ASKED_FOR: (
        "किसी व्यक्ति को {bank} के इनबॉक्स का कोड मिला, जो उसने नहीं माँगा था, और उस व्यक्ति का लॉगिन समाप्त है ({at}):"
        " निर्देशिका के नंबर पर नोडल अधिकारी को फ़ोन करें, और पूछें क्या बैंक ने यह व्यक्ति जोड़ा; यदि नहीं, तो बैंक का लॉगिन कोई और"
        " जानता है: दो एडमिनों से उसे बदलवाएँ"
    ),
    TaskCause.BANK_KEY_ASKED: (
        "{bank} अपने इनबॉक्स में कुंजी {detail} {key_change} चाहता है (अनुरोध {request_id}): निर्देशिका के नंबर पर उसके"
        " नोडल अधिकारी को फ़ोन करें, फ़िंगरप्रिंट मिलाएँ, और एडमिन से इसे स्वीकार या अस्वीकार करवाएँ"
    ),
    TaskCause.BANK_KEY_UNTOLD: (
        "{bank} को उसकी कुंजियों के बदलाव ({key_change} {detail}) की सूचना नहीं दी जा सकी: उसके नोडल अधिकारी को फ़ोन करें, और पूछें"
        " कि क्या यह बैंक ने किया"
    ),
    TaskCause.ORDER_NOT_DONE: "आदेश {id}: {bank} ने पालन नहीं किया: फ़ोन करें, और जो किया हो वह लिखें",
    TaskCause.ORDER_NOT_SENT: "आदेश {id}: नहीं भेजा गया: {error}",
    "order_not_sent.lacking": "आदेश {id}: नहीं भेजा गया: उसके दस्तावेज़ में कमी है: {lacking}",
    TaskCause.ORDER_BY_LETTER_ALONE: "आदेश {id}: केवल पत्र से गया, बैंक का कोई माध्यम आदेश नहीं लेता: फ़ोन करें",
    TaskCause.ORDER_CANCELLATION_SILENT: ("आदेश {id}: वापस लिया गया, बैंक ने नहीं कहा कि अब पालन नहीं करेगा: फ़ोन करें"),
    TaskCause.ORDER_CANCELLATION_REJECTED: "आदेश {id}: वापस लिया गया, पर बैंक नहीं मानता: फ़ोन करें",
    TaskCause.ORDER_SECOND_OFFICER: "आदेश {id} के लिए दूसरा अधिकारी: बैंक का कथन लिखा जा चुका है",
    TaskCause.CANCELLATION_TO_CONFIRM: (
        "आदेश {id}: एक अधिकारी कहता है कि बैंक रद्द होने की बात जानता है; बैंक से पूछें और आप भी लिखें"
    ),
    TaskCause.ORDER_TO_REPEAT: "{order_reason}: आदेश {id} रद्द हुआ, जो शेष है उसका आदेश फिर दें",
    TaskCause.HOLD_LAPSES: ("{bank} की रोक {id} जल्द समाप्त होगी: न्यायालय के आदेश के बिना राशि खाताधारक को छोड़ दी जाएगी"),
    TaskCause.SMALL_HOLD: "रोक {id}: {bank}{account}; {business}",
    "small_hold.account": ", {account_end} पर समाप्त होने वाला खाता",
    "small_hold.known": "खाते में और भी लेन-देन है",
    "small_hold.unknown": "खाते में और क्या है, ज्ञात नहीं",
    TaskCause.RELEASES_BRAKED: (
        "स्वतः रोक हटाना रुका है, पहले रोक {id} के {waiting}: पिछले घंटे में {released} के {releases} आदेश हुए; जाँचें कि कोई घड़ी"
        " ग़लत नहीं, फिर जारी रखें"
    ),
    TaskCause.HOLDER_NOT_TOLD: "रोक {id}: खाताधारक को नहीं बताया जा सका",
    TaskCause.HOLD_RETAINED_IDLE: "रोक {id}: न्यायालय ने बनाए रखी है, और कुछ नहीं चल रहा",
    TaskCause.RESTORATION_STEP: "वापसी {id}: उसका चरण अधिकारी की प्रतीक्षा में है: पढ़ें, और जो माँगा है करें",
    TaskCause.APPLICATION_LACKS_FACTS: "वापसी {id}: उसके आवेदन में कमी है",
    TaskCause.GRIEVANCE: "अपील {id}: खाताधारक प्रतीक्षा में है: रिपोर्ट दें या निर्णय करें",
    TaskCause.GRIEVANCE_UNTOLD: "अपील {id}: किसी अधिकारी को बताया नहीं जा सका",
    TaskCause.RELEASE_TO_CONFIRM: ("रोक {id}: हटाने का प्रस्ताव है; पीड़ितों से उनका मत पूछें, फिर पढ़कर पुष्टि करें या अस्वीकार करें"),
    TaskCause.COURT_ORDER_TO_CONFIRM: "न्यायालय का आदेश {id} पढ़ें और पुष्टि करें: बैंक उसी पर चलते हैं",
    TaskCause.COURT_ORDER_WITHDRAWAL_TO_CONFIRM: (
        "पुष्टि करें कि न्यायालय का आदेश {id} वापस लिया गया: इसके बाद रोकें समाप्त हो सकती हैं"
    ),
    TaskCause.COURT_ORDER_LACKS_DOCUMENT: "न्यायालय के आदेश {id} का दस्तावेज़ नहीं है: इसके बिना वह {at} को शून्य होगा",
    TaskCause.COURT_ORDER_VOID: (
        "न्यायालय का आदेश {id} शून्य है, क्योंकि उसका दस्तावेज़ या दूसरा अधिकारी समय पर नहीं आया: न्यायालय से पूछें, और दोबारा दर्ज करें"
    ),
    TaskCause.COURT_ORDER_ENDS: "न्यायालय का आदेश {id} रोक को {at} तक रखता है: आगे भी रखनी हो तो समय रहते पूछें",
    TaskCause.IO_MISSING: "विवेचक नहीं है: {no_officer_why}; नियुक्त करें",
    TaskCause.SUPERVISING_MISSING: "पर्यवेक्षण अधिकारी नहीं है: {no_officer_why}; नियुक्त करें",
    "no_officer.": "कोई अधिकारी चुना नहीं जा सका",
    "no_officer.none_in_district": "इस भूमिका का कोई अधिकारी ज़िले के लिए उत्तरदायी नहीं है",
    "no_officer.all_away": "ज़िले के सब अधिकारी अनुपस्थित या निष्क्रिय हैं, या मामले में उनका दूसरा कर्तव्य है",
    "no_officer.details_missing": "ज़िले के किसी अधिकारी का पद, थाना या मोबाइल दर्ज नहीं है",
    TaskCause.COURT_ORDER_OVER: "न्यायालय का आदेश {id} अब रोक नहीं रखता, क्योंकि उसका समय बीत गया",
    TaskCause.REQUEST_STOPPED_EARLY: (
        "अनुरोध {request_id} रोक दिया गया जब {claimed} बच सकते थे: अधिकारी से कारण पूछें, और राशि दोबारा माँगने को कहें"
    ),
    TaskCause.RESTORATION_CANCELLED: (
        "वापसी {id} रद्द हुई जब {claimed} पर रोक थी: अधिकारी से कारण पूछें, और ठीक हो तो दोबारा खोलें"
    ),
    TaskCause.CREDIT_ACCOUNT_TO_CONFIRM: "जमा का खाता {id}: दूसरे अधिकारी की आवश्यकता है",
    TaskCause.CREDIT_ACCOUNT_OBJECTED: (
        "जमा का खाता {id}: पीड़ित को आपत्ति है, पीड़ित से और उन अधिकारियों से पूछें जिन्होंने इसे दर्ज और पुष्ट किया"
    ),
    "credit_account_objected.ordered": (
        "जमा का खाता {id}: पीड़ित को आपत्ति है, और आदेश {order_id} उसी में जमा करता है: आदेश तुरंत रद्द करें"
    ),
    TaskCause.PAYER_TO_CONFIRM: "दो शिकायतकर्ता लेन-देन {id} को अपना बताते हैं: किसने भुगतान किया, इस पर दूसरा अधिकारी चाहिए",
    TaskCause.VICTIM_CORRECTION_TO_DECIDE: ("शिकायत {id} के पीड़ित का सुधार {correction_id}: दूसरे अधिकारी की आवश्यकता है"),
    TaskCause.TREATMENT_REPORTED: (
        "शिकायत {id} के पीड़ित के साथ सम्मान का व्यवहार नहीं हुआ: पीड़ित का लिखा पढ़ें, पीड़ित को फ़ोन करें, और जो किया जाए लिखें"
    ),
    TaskCause.WITHDRAWAL_TO_DECIDE: "शिकायत {id} की वापसी {withdrawal_id}: दूसरे अधिकारी की आवश्यकता है",
    TaskCause.MERGE_TO_DECIDE: "मामला {id} का मिलान {merge_id}: दूसरे अधिकारी की आवश्यकता है",
    TaskCause.COUNTED_IN_MERGED_CASE: (
        "लेन-देन {id}: बैंक ऐसे लेन-देन के {claimed} बताता है जो इससे मिले मामले {ack_no} में {against} से गिना है: दोनों की तुलना करें,"
        " और उस लेन-देन की राशि कम हो तो सुधरवाएँ"
    ),
    TaskCause.SHARED_WITH_MERGED_CASE: (
        "लेन-देन {id}: बैंक ऐसे लेन-देन के {claimed} बताता है जिसके {against} इससे मिला मामला {ack_no} माँगता है: इसमें पीड़ितों के दो"
        " लेन-देन मिलते हैं: दोनों कथन पढ़ें, और लेन-देन सुधारें"
    ),
    TaskCause.DUTY: "कानून से आवश्यक: {duty}: मामले के 'पुलिस और न्यायालय' में करें",
    TaskCause.DUTY_OVERDUE: "समय बीत गया: {duty}: मामले के 'पुलिस और न्यायालय' में करें",
    TaskCause.DUTY_TO_HAND_IN: "{duty} जमा करें, और न्यायालय की डायरी संख्या मामले के 'पुलिस और न्यायालय' में लिखें",
    "duty.magistrate_report": "मजिस्ट्रेट को रिपोर्ट",
    "duty.follow_up": "लियन की सूचना के बाद FIR और अभिग्रहण",
    "duty.fir_signature": "ई-ज़ीरो FIR पर हस्ताक्षर",
    TaskCause.FIR_BY_HAND: "FIR हाथ से दर्ज करें",
    TaskCause.FIR_LAPSED: "वह FIR निष्प्रभावी हो गई जिसका नाम बैंकों या मजिस्ट्रेट के दस्तावेज़ों में है: दूसरी दर्ज कराएँ",
    TaskCause.TWO_FIRS: "दो FIR हैं, एक रद्द कराएँ: रजिस्टर की {fir_no}, हमारी {our_fir}",
    TaskCause.DOCUMENTS_WAIT: "दस्तावेज़: {documents}",
    "documents_wait.lacking": "{kind} में कमी: {lacking}",
    "documents_wait.failed": "{kind} नहीं बना: {failures}",
    "documents_wait.ready": "{kind} जारी हो सकता है",
    TaskCause.MONEY_RETURNED: "राशि लौटी: {bank} से पूछें किसलिए, और लिखें",
    TaskCause.MESSAGE_NOT_SENT: "{medium} से {to_whom} को संदेश “{message}” नहीं भेजा गया",
    TaskCause.UNREACHABLE: "{to_whom} को बताया नहीं जा सका: “{message}”",
    "unreachable.complaint": (
        "शिकायत {id} के पीड़ित को बताया नहीं जा सकता (“{message}”): मोबाइल या ई-मेल ज्ञात नहीं, शिकायतकर्ता से पूछें"
    ),
    "unreachable.hold": "{reference} के खाताधारक को बताया नहीं जा सका: “{message}”",
    TaskCause.COMPLAINT_UNCONFIRMED: (
        "सार्वजनिक पृष्ठ की शिकायत {id} कोड से पुष्ट नहीं है: शिकायतकर्ता को फ़ोन करें, या भुगतान करने वाले बैंक से उसके ग्राहक से"
        " पुछवाएँ, और शिकायत लें; नहीं तो मामले की रोकें {at} को समाप्त होंगी"
    ),
    TaskCause.DOCUMENT_TO_DELIVER: "पहुँचाया नहीं जा सकता: {id} के लिए {document_number}",
    TaskCause.FILE_REFUSED: "refused/ में एक फ़ाइल है, वहाँ और भी देखें: {detail}",
    TaskCause.FILE_IN_DOUBT: "done/ की एक फ़ाइल पर संदेह है, और भी देखें: {detail}",
    TaskCause.LINK_WITHOUT_MOBILE: (
        "{bank} पत्र के लिंक से ऐसी बात बताता है जिसे कोड चाहिए, और सूची में उसके नोडल अधिकारी का मोबाइल नहीं है: बैंक को फ़ोन करें,"
        " जो बताया है उसे जाँचें या दर्ज करें, और मोबाइल सूची में जुड़वाएँ"
    ),
    TaskCause.BANK_LOGIN_UNTOLD: (
        "{bank} को नहीं बताया जा सका कि उसके पासवर्ड से नए पते से लॉगिन हुआ ({detail}, {at}): उसके नोडल अधिकारी को फ़ोन करें, और"
        " पूछें क्या वह बैंक ही था"
    ),
    TaskCause.BANK_LOGIN_CHANGE_UNTOLD: (
        "{bank} को नहीं बताया जा सका कि उसका लॉगिन {detail} बदला गया या उसका पासवर्ड रखा गया ({at}): उसके नोडल अधिकारी को"
        " फ़ोन करें, और पूछें क्या बैंक यह चाहता था"
    ),
    TaskCause.LIENS_TO_ASK_FOR: "हमारे लिए लगी सब रोकों की सूची माँगें, और मिलान करें",
    TaskCause.LIENS_OVERDUE: "रोकों की सूची का समय बीत गया, और डेस्क के फ़ोन से भी नहीं आई",
    TaskCause.TOLD_OTHERWISE: "लेन-देन {id}: शिकायत {ack_no} इसे भिन्न बताती है: {differing}",
    TaskCause.PAYER_BANK_DIFFERS: (
        "लेन-देन {id}: पीड़ित का बैंक {bank} इसे भिन्न बताता है ({differing}): पीड़ित और बैंक से पूछें क्या सही है"
    ),
    TaskCause.PAYER_BANK_DENIES: ("लेन-देन {id}: पीड़ित का बैंक {bank} इस नामे को नहीं जानता (कोड {code}): पीड़ित से जँचवाएँ"),
    TaskCause.TRANSFER_FOUND: (
        "लेन-देन {id}: पीड़ित का बैंक {bank} दूसरा लेन-देन बताता है, {to_bank} को {claimed} ({at}): पीड़ित से पूछें, फिर मिले लेन-देन"
        " {found_id} को मामले में लें या छोड़ें"
    ),
    TaskCause.NIGHTLY_RUN_BROKEN: (
        "रात की जाँच में {violations} नियम टूटे मिले, पहला मामले {ack_no} में: आज ही एडमिन को बताएँ, और कारण ज्ञात होने तक उस"
        " मामले से कुछ न चुकाएँ न छोड़ें"
    ),
    TaskCause.PROPOSAL_TO_DECIDE: (
        "प्रस्ताव {id} ({proposal}) लंबित है: जिस एडमिन ने प्रस्ताव नहीं किया, वह बदलाव के पृष्ठ पर सहमति दे या अस्वीकार करे"
    ),
    TaskCause.PROPOSAL_DECIDED: (
        "आपके प्रस्ताव {id} ({proposal}) पर निर्णय हुआ: {decision}। यदि आपके पास किसी अधिकारी या बैंक का कोड है, तो अभी उन्हें"
        " बताएँ; फिर यह काम बंद करें"
    ),
    TaskCause.NIGHTLY_RUN_FAILED: "रात का काम ({run}) त्रुटि से रुका ({error}): एडमिन को बताएँ; वह फिर चलेगा",
    TaskCause.LINK_NOT_ASKED_FOR: (
        "प्रस्ताव {id} ({proposal}) का लिंक जिसने खोला उसने वह नहीं माँगा था, और लिंक समाप्त है: दोनों एडमिनों से पूछें कि सहमति"
        " क्यों दी, और अधिकारी या बैंक को पहले से ज्ञात नंबर पर फ़ोन करें"
    ),
    TaskCause.TASK_UNOWNED: (
        "काम {task_id} ({task_kind}) देर से बिना अधिकारी के है{at_stake}: स्वयं लें, या किसी अधिकारी को दें"
    ),
    TaskCause.LIENS_DIFFER: "भिन्न पंक्तियाँ: {rows_differing}; सूची में नहीं मिली रोकें: {liens_missing}",
}
"""templates by cause, with the names of `task_notes.ENGLISH`"""

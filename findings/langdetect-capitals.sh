#!/usr/bin/env bash
# A title in capitals is in another language: French is Vietnamese, Dutch is German.
#
# Guess: a detector that was trained on running text folds the case first; short titles may fail, but alike in both spellings.
# True:  langdetect and langid take capitals as they are: of ten titles that both know in small letters langdetect misses seven
#        in capitals and langid five, Dutch for French and Hungarian for Amharic among them. py3langid, made from langid, has
#        all ten.
# Seen:  langdetect 1.0.9 (with its seed fixed), langid 1.1.6, py3langid 0.4.0, November 2026.
# For us: every document says its language; whoever detects it lowers the text first.
. "$(dirname "$0")/lib.sh"
pip_install langdetect==1.0.9 langid==1.1.6 py3langid==0.4.0

"$python" -W ignore - >"$seen" <<'PY'
import langdetect
import langid
import py3langid

langdetect.DetectorFactory.seed = 0
TITLES = {
    "cs": "Ministerstvo financí zveřejnilo návrh státního rozpočtu na rok 2027",
    "ru": "Министерство финансов опубликовало проект бюджета на 2027 год",
    "de": "Das Ministerium legt den Entwurf des Haushalts für das Jahr 2027 vor",
    "fr": "Le ministère publie le projet de budget pour l'année 2027",
    "es": "El Ministerio publica el proyecto de presupuestos para el año 2027",
    "it": "Il ministero pubblica il progetto di bilancio per l'anno 2027",
    "nl": "Ministerie publiceert de begroting voor het jaar 2027",
    "uk": "Міністерство фінансів оприлюднило проєкт бюджету на 2027 рік",
    "hu": "A minisztérium közzétette a 2027. évi költségvetés tervezetét",
    "fi": "Valtiovarainministeriö julkaisi vuoden 2027 talousarvioehdotuksen",
}
DETECTORS = {
    "langdetect": langdetect.detect,
    "langid": lambda text: langid.classify(text)[0],
    "py3langid": lambda text: py3langid.classify(text)[0],
}
for name, detect in DETECTORS.items():
    small = sum(detect(title) == language for language, title in TITLES.items())
    wrong = [f"{language}->{detect(title.upper())}" for language, title in TITLES.items() if detect(title.upper()) != language]
    print(f"{name}: {small} of {len(TITLES)} right; in capitals wrong:", *wrong or ["none"])
PY
compare <<'END'
langdetect: 10 of 10 right; in capitals wrong: cs->pt fr->vi es->pt it->ca nl->de uk->ru fi->et
langid: 10 of 10 right; in capitals wrong: ru->sr it->en nl->fr uk->kk hu->am
py3langid: 10 of 10 right; in capitals wrong: none
END

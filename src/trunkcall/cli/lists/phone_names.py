"""What the column with the phone number is called, in the languages of those who export lists.

Decides nothing but that: a table, and how names are compared.
"""

from __future__ import annotations

from anyascii import anyascii

from trunkcall.aws.contact_records import PHONE_NUMBER

_NAMES = """
phone phone_number phone_no phone_nr phone_1 telephone telephone_number telephone_no tel tel_no tel_nr tel_number
primary_phone main_phone home_phone contact_phone contact_number customer_phone dial_number lead_phone work_phone
mobile mobile_phone mobile_number mobile_no cell cell_phone cell_number cellphone_number cellular msisdn gsm
whatsapp whatsapp_number
telefon telefonnummer telefonnr telefon_nr fon rufnummer handy handynummer mobil mobilnummer mobiltelefon
mobilfunknummer telefonkontakt telefonnummeret mobilnummeret mobiltelefonnummer
teléfono número_de_teléfono telefono_1 celular móvil teléfono_móvil teléfono_celular número_de_celular
téléphone numéro_de_téléphone numéro_téléphone portable téléphone_portable numéro_de_portable tél_portable
telefone número_de_telefone telemóvel número_de_telemóvel telefono_cellulare cellulare numero_di_telefono
numero_telefono telefoon telefoonnummer mobiel mobiele_nummer puhelin puhelinnumero matkapuhelin
numer_telefonu nr_telefonu telefon_komórkowy komórka telefonní_číslo telefonne_cislo telefonszám mobilszám
număr_de_telefon telefon_numarası cep_telefonu điện_thoại số_điện_thoại nomor_telepon no_telepon telepon
телефон номер_телефона мобильный мобильный_телефон тел номер_телефону τηλέφωνο κινητό
טלפון מספר_טלפון هاتف رقم_الهاتف الهاتف جوال رقم_الجوال تلفن फ़ोन फोन_नंबर โทรศัพท์ เบอร์โทรศัพท์
電話 電話番号 電話號碼 携帯 携帯電話 携帯番号 手機 电话 电话号码 手机 手机号 手机号码
联系电话
전화 전화번호 휴대폰 휴대전화
"""


def bare(name: str) -> str:
    """A name in ASCII letters and digits, without case, accents, spaces and signs."""
    return "".join(character for character in anyascii(name).lower() if character.isalnum())


PHONE_NAMES = frozenset(bare(name) for name in (*_NAMES.split(), PHONE_NUMBER))
"""Names as ``bare`` makes them; that of an export is among them."""
